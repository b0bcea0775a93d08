"""A report deleted on its FHIR server counts as taken back, unless another source still stands by it."""

from __future__ import annotations

from sqlalchemy import Connection

from integration.canonical import Report, ReportStatus
from integration.hl7v2.report import Understood
from services.domain.messages import ClaimedJob
from services.domain.reports import Source
from services.store import notices, reports
from services.workflow import states
from services.workflow.versions import READABLE

UNKNOWN = "deleted on its server; no report was read from it"


def understood(connection: Connection, message: ClaimedJob, reference: str) -> Understood:
    """The last that the resource said, as entered in error. Without effect, and with a notice, where another
    source holds the report as final: a copy that is cleaned away is no retraction.
    """
    source = reports.last_source(connection, message.site_id, message.peer, reference)
    if source is None:
        return Understood(ignored=UNKNOWN)
    if _stands_elsewhere(connection, source):
        notices.add(connection, "gone", message.site_id, source.report_id, states.DELETED_ELSEWHERE)
        return Understood(ignored=states.DELETED_ELSEWHERE)
    last = Report.model_validate(source.record)
    gone = {"status": ReportStatus.ENTERED_IN_ERROR, "text": "", "sections": ()}
    return Understood(reports=(last.model_copy(update=gone),))


def _stands_elsewhere(connection: Connection, source: Source) -> bool:
    """Whether a message, or another resource, gave the report as final."""
    others = reports.records(connection, source.report_id)
    said = (each for each in others if each.source.reference != source.reference)
    return any(each.status in READABLE for each in said)
