"""The second step in a message's life: its reports are understood and put in their place among the versions.

It is understood without the database and put in its place in one transaction, under the lease of an `intake` job.
Ends with the message done, ignored or quarantined; never with an exception for bad content, so that one message cannot
block a feed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
from services.pipeline.placement import Keep, later
from services.pipeline.receive import OWN_ECHO, judge
from services.pipeline.states import NO_KEY
from services.store import inbox, jobs


@dataclass(frozen=True, slots=True)
class Opened:
    """What a message says. `understood` is None for a batch, and where the database must be asked: what `deleted`
    (a reference) said before it was deleted on its server.
    """

    understood: Understood | None = None
    deleted: str = ""


def opened(job: RowMapping, site: Site) -> Opened:
    """Understands a job's message, without the database."""
    body = bytes(job["body"])
    if job["door"] == Door.HL7.value:
        header = read_header(body)
        if header and header.is_batch and job["part"] is None:
            return Opened()
        return Opened(_from_hl7(body, header, job, site))
    bundle = json.loads(body)
    for reference in deleted_references(bundle):
        return Opened(deleted=reference)
    return Opened(_from_fhir(bundle, job, site))


def _from_hl7(body: bytes, header: Header | None, job: RowMapping, site: Site) -> Understood:
    if header and is_echo(header, site.settings.mllp.application, site.settings.mllp.facility):
        return Understood(ignored=OWN_ECHO)
    sender = site.senders.find(job["application"], job["facility"])
    return read_reports(body, job["site_id"], sender)


def _from_fhir(bundle: Any, job: RowMapping, site: Site) -> Understood:
    found = fhir_report.read_report(bundle, job["site_id"], job["peer"], site.systems)
    if found.disposition is fhir_report.Disposition.REPORT and found.report:
        return Understood(reports=(found.report,))
    ignored = found.disposition is fhir_report.Disposition.IGNORED
    return Understood(ignored=found.reason) if ignored else Understood(quarantined=found.reason)


def take_in(connection: Connection, job: RowMapping, given: Opened, site: Site, keep: Keep = later) -> str:
    """Puts what the job's message says in its place and finishes the job; the message's state.

    `keep` may store readings made beforehand. Raises StaleLease; the caller then rolls back.
    """
    understood = given.understood
    if given.deleted:
        understood = deletion.understood(connection, job, given.deleted)
    if understood is None:
        _take_apart(connection, job, site)
        state, reason = "done", ""
    else:
        state, reason = _settle(connection, job, understood, site, keep)
    jobs.finish_intake(connection, job["id"], job["lease_epoch"], state, reason)
    return state


def _take_apart(connection: Connection, batch: RowMapping, site: Site) -> None:
    """Each message of a batch becomes a row of its own, with its own job where it alone would have got one.

    A batch that is replayed is not taken apart again: its messages are.
    """
    known = inbox.parts_of(connection, [batch["message_id"]]).get(batch["message_id"], [])
    for part in known:
        inbox.requeue(connection, part["id"])
    if not known:
        _add_parts(connection, batch, site)


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


def _settle(connection: Connection, job: RowMapping, understood: Understood, site: Site, keep: Keep) -> tuple[str, str]:
    """(state, reason) of the message."""
    if understood.ignored:
        return "ignored", understood.ignored
    nameless = [report for report in understood.reports if report.key_parts is None]
    reason = understood.quarantined or (NO_KEY if nameless else "")
    for report in _in_lock_order(understood.reports):
        placement.place(connection, job["message_id"], report, site.settings, keep)
    state = "quarantined" if reason else "done"
    return state, "; ".join(filter(None, (reason, *understood.problems)))


def _in_lock_order(reports: Sequence[Report]) -> list[Report]:
    """Reports are locked in the order of their keys, so that two messages cannot wait for each other."""
    return sorted((report for report in reports if report.key_parts), key=lambda report: report.key_parts or ())
