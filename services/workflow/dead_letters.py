"""Giving a job or a delivery up so that a person sees it."""

from __future__ import annotations

from sqlalchemy import Connection

from services.domain.deliveries import Delivery
from services.domain.messages import Job
from services.domain.words import VERSION_COUNTS, DeliveryKind, DeliveryState, ReadingState
from services.store import deliveries, inbox, notices, readings, reports
from services.telemetry.logs import log
from services.telemetry.metrics import DEAD_LETTERS

LOG = log("delivery")


def bury(connection: Connection, job: Job, reason: str, state: ReadingState = ReadingState.FAILED) -> None:
    """A dead letter is visible: its message is quarantined, or its report's people are told.

    A version whose reading was given up is said to be that (`state`), and waits for review all the same.
    Of a shadow reading only operators hear: to reviewers there is none.
    """
    DEAD_LETTERS.labels("shadow" if job.shadow else job.kind).inc()
    if job.shadow:
        return
    if job.message_id:
        inbox.set_state(connection, job.message_id, "quarantined", reason)
        return
    version = reports.version(connection, job.reading_of)
    notices.add(connection, "dead letter", job.site_id, version.report_id, f"job {job.id}: {reason}")
    if version.state in VERSION_COUNTS:
        readings.set_state(connection, version.id, state)
        reports.open_review_unread(connection, version)


def bury_delivery(
    connection: Connection, row: Delivery, reason: str, *, kind: str = "delivery", note: str = ""
) -> None:
    """Ends a delivery that its destination will not take, or that ends its senders: people are told with its end.

    `note`: shown to the report's reviewer. Raises StaleLease where it is not ours any more; the caller rolls back.
    """
    # The report comes before its delivery, as for whoever takes it back meanwhile: a notice waits for their lock.
    notices.add(connection, kind, row.site_id, row.report_id, _told(row, reason))
    if note:
        reports.bump_review(connection, row.report_id, note)
    deliveries.close(connection, row, DeliveryState.DEAD, reason)
    DEAD_LETTERS.labels("delivery").inc()
    LOG.error("delivery given up", kind=kind, delivery=row.id, report=row.report_id, reason=reason)


def _told(row: Delivery, reason: str) -> str:
    if row.kind == DeliveryKind.ORU:
        return f"delivery {row.id} to {row.destination}: {reason}; later ones wait until it is retried or dismissed"
    return f"delivery {row.id}: {reason}"
