"""The second step in a message's life: its reports are understood and put in their place among the versions.

Runs in one transaction under the lease of an `intake` job. Ends with the message done, ignored or quarantined;
never with an exception for bad content, so that one message cannot block a feed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping

from integration.canonical import Door, Report
from integration.fhir import report as fhir_report
from integration.fhir.deletion import deleted_references
from integration.hl7v2.msh import Header, is_echo, read_header
from integration.hl7v2.parts import split
from integration.hl7v2.report import Understood, read_reports
from integration.hl7v2.urgency import urgency
from services.pipeline import deletion, placement
from services.pipeline.context import Site
from services.pipeline.receive import OWN_ECHO, judge
from services.pipeline.states import NO_KEY
from services.store import inbox, jobs


def take_in(connection: Connection, job: RowMapping, site: Site) -> str:
    """Understands the job's message and finishes the job; the message's state.

    Raises StaleLease; the caller then rolls back.
    """
    message = inbox.get(connection, job["message_id"])
    header = read_header(bytes(message["body"])) if message["door"] == Door.HL7.value else None
    if header and header.is_batch and message["part"] is None:
        state = _take_apart(connection, message, site)
    else:
        state = _settle(connection, message, _understand(connection, message, header, site), site)
    jobs.finish(connection, job["id"], job["lease_epoch"])
    return state


def _take_apart(connection: Connection, batch: RowMapping, site: Site) -> str:
    """Each message of a batch becomes a row of its own, with its own job where it alone would have got one.

    A batch that is replayed is not taken apart again: its messages are.
    """
    known = inbox.parts_of(connection, [batch["id"]]).get(batch["id"], [])
    for part in known:
        inbox.requeue(connection, part["id"])
    if not known:
        _add_parts(connection, batch, site)
    inbox.set_state(connection, batch["id"], "done")
    return "done"


def _add_parts(connection: Connection, batch: RowMapping, site: Site) -> None:
    for part in split(bytes(batch["body"])):
        header = read_header(part.body)
        state, reason, _ = judge(header, site.settings.mllp)
        row = inbox.part_of(batch, part.number, part.body, header) | {"state": state, "reason": reason}
        row["site_id"] = site.senders.find(row["application"], row["facility"]).site or batch["site_id"]
        (message_id,) = inbox.add(connection, [row])
        if state != "queued":
            continue
        sender = f"{row['application']}^{row['facility']}"
        job = {"site_id": row["site_id"], "kind": "intake", "message_id": message_id, "sender": sender}
        priority = int(urgency(part.body, header))
        inbox.add_jobs(connection, [{**job, "priority": priority}])


def _understand(connection: Connection, message: RowMapping, header: Header | None, site: Site) -> Understood:
    body = bytes(message["body"])
    if message["door"] == Door.HL7.value:
        if header and is_echo(header, site.settings.mllp.application, site.settings.mllp.facility):
            return Understood(ignored=OWN_ECHO)
        sender = site.senders.find(message["application"], message["facility"])
        return read_reports(body, message["site_id"], sender)
    bundle = json.loads(body)
    for reference in deleted_references(bundle):
        return deletion.understood(connection, message, reference)
    found = fhir_report.read_report(bundle, message["site_id"], message["peer"], site.systems)
    if found.disposition is fhir_report.Disposition.REPORT and found.report:
        return Understood(reports=(found.report,))
    ignored = found.disposition is fhir_report.Disposition.IGNORED
    return Understood(ignored=found.reason) if ignored else Understood(quarantined=found.reason)


def _settle(connection: Connection, message: RowMapping, understood: Understood, site: Site) -> str:
    if understood.ignored:
        inbox.set_state(connection, message["id"], "ignored", understood.ignored)
        return "ignored"
    nameless = [report for report in understood.reports if report.key_parts is None]
    reason = understood.quarantined or (NO_KEY if nameless else "")
    for report in _in_lock_order(understood.reports):
        placement.place(connection, message["id"], report, site.settings)
    state = "quarantined" if reason else "done"
    inbox.set_state(connection, message["id"], state, "; ".join(filter(None, (reason, *understood.problems))))
    return state


def _in_lock_order(reports: Sequence[Report]) -> list[Report]:
    """Reports are locked in the order of their keys, so that two messages cannot wait for each other."""
    return sorted((report for report in reports if report.key_parts), key=lambda report: report.key_parts or ())
