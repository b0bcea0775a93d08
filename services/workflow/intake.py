"""The second step in a message's life: its reports are understood and put in their place among the versions.

It is understood without the database and put in its place in one transaction, under the lease of an `intake` job.
Ends with the message done, ignored or quarantined; never with an exception for bad content, so that one message cannot
block a feed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from integration.canonical import Door, Record, Report
from integration.documents import OverLimit
from integration.fhir import report as fhir_report
from integration.fhir.collection import Collection
from integration.fhir.deletion import deleted_references
from integration.fhir.patient_links import read_links
from integration.hl7v2.continuation import Tie
from integration.hl7v2.merges import is_merge, read_merges
from integration.hl7v2.msh import Header, is_echo, read_header
from integration.hl7v2.parts import split
from integration.hl7v2.report import Understood, read_reports, read_whole
from integration.hl7v2.senders import SenderMap
from integration.hl7v2.urgency import urgency
from integration.merges import Merges
from services.domain.messages import ClaimedJob
from services.domain.words import MessageState
from services.reading.reader import Reading
from services.store import inbox, jobs, reports
from services.workflow import deletion, fragments, merging, placement, searchable
from services.workflow.context import Site
from services.workflow.read_at_intake import NOTHING, Beforehand
from services.workflow.receive import OWN_ECHO, judge
from services.workflow.states import NO_KEY


class Arrived(Protocol):
    """What is needed of a job to understand its message."""

    @property
    def door(self) -> str: ...
    @property
    def peer(self) -> str: ...
    @property
    def application(self) -> str: ...
    @property
    def facility(self) -> str: ...
    @property
    def part(self) -> int | None: ...
    @property
    def site_id(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Opened(Record):
    """What a message says. `understood` is None for a batch, and where the database must be asked: what `deleted`
    (a reference) said before it was deleted on its server. `joined`: the messages it came in, by `tie`.
    """

    understood: Understood | None = None
    deleted: str = ""
    merges: Merges | None = None
    tie: Tie | None = None
    joined: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts of a message, the first one first: what ties the job's own to the others, their ids and bytes."""

    tie: Tie
    ids: tuple[int, ...]
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a message and why, and the readings made beforehand that were stored."""

    state: MessageState
    reason: str = ""
    readings: tuple[Reading, ...] = ()


class Opener(Protocol):
    """Understands a job's message, or with `parts` the whole that it is one of, without the database."""

    def __call__(self, job: ClaimedJob, site: Site, parts: Sequence[bytes] = ()) -> Opened:
        """What it says."""
        ...


def opened(job: Arrived, site: Site, parts: Sequence[bytes] = ()) -> Opened:
    """Understands a job's message, or with `parts` the whole that it is one of, without the database."""
    try:
        return _opened(job, site) if not parts else Opened(understood=_whole(job, site, parts))
    except OverLimit as limit:
        return Opened(understood=Understood(quarantined=f"the message was not opened: {limit}"))


def _opened(job: Arrived, site: Site) -> Opened:
    body = job.body
    if job.door == Door.HL7.value:
        header = read_header(body)
        if header and header.is_batch and job.part is None:
            return Opened()
        if header and is_merge(header):
            return Opened(understood=Understood(), merges=read_merges(body, _sender(job, site)))
        return Opened(understood=_from_hl7(body, header, job, site))
    bundle = json.loads(body)
    for reference in deleted_references(bundle):
        return Opened(deleted=reference)
    if Collection(bundle).report.get("resourceType") == "Patient":
        return Opened(understood=Understood(), merges=read_links(bundle, site.systems))
    return Opened(understood=_from_fhir(bundle, job, site))


def _from_hl7(body: bytes, header: Header | None, job: Arrived, site: Site) -> Understood:
    if header and is_echo(header, site.settings.mllp.application, site.settings.mllp.facility):
        return Understood(ignored=OWN_ECHO)
    return read_reports(body, job.site_id, _sender(job, site))


def _whole(job: Arrived, site: Site, parts: Sequence[bytes]) -> Understood:
    return read_whole(parts, job.site_id, _sender(job, site))


def parts_of(connection: Connection, job: ClaimedJob, given: Opened) -> Parts | None:
    """The parts of the message that the job's is one of, once all are here; they are opened as any message is."""
    tie = given.understood.tie if given.understood else None
    found = fragments.parts_of(connection, job, tie) if tie else None
    if not tie or not found:
        return None
    return Parts(tie, tuple(each.id for each in found), tuple(each.body or b"" for each in found))


def as_whole(given: Opened, parts: Parts) -> Opened:
    """What was opened of all parts, with where it came from."""
    return given.model_copy(update={"tie": parts.tie, "joined": parts.ids})


def _sender(job: Arrived, site: Site) -> SenderMap:
    return site.senders.find(job.application, job.facility)


def _from_fhir(bundle: object, job: Arrived, site: Site) -> Understood:
    found = fhir_report.read_report(bundle, job.site_id, job.peer, site.systems)
    if found.disposition is fhir_report.Disposition.REPORT and found.report:
        return Understood(reports=(found.report,), notes=found.notes)
    ignored = found.disposition is fhir_report.Disposition.IGNORED
    return Understood(ignored=found.reason) if ignored else Understood(quarantined=found.reason)


def take_in(connection: Connection, job: ClaimedJob, given: Opened, site: Site, read: Beforehand = NOTHING) -> TakenIn:
    """Puts what the job's message says in its place and finishes the job. Raises StaleLease; the caller rolls back."""
    taken = _taken_in(connection, job, given, site, read)
    searchable.keep(connection, job, taken.state)
    return taken


def _taken_in(connection: Connection, job: ClaimedJob, given: Opened, site: Site, read: Beforehand) -> TakenIn:
    understood = given.understood
    if given.deleted:
        understood = deletion.understood(connection, job, given.deleted)
    if understood is None:
        _take_apart(connection, job, site)
        jobs.finish_intake(connection, job, MessageState.DONE, "")
        return TakenIn(MessageState.DONE)
    if given.merges:
        return _merge(connection, job, given.merges, site)
    tie = given.tie or understood.tie
    if tie:
        return _part(connection, job, given, understood, tie, site, read)
    return _finish(connection, job, understood, site, read)


def _finish(connection: Connection, job: ClaimedJob, understood: Understood, site: Site, read: Beforehand) -> TakenIn:
    taken = _settle(connection, job, understood, site, read)
    jobs.finish_intake(connection, job, taken.state, taken.reason, understood.notes)
    return taken


def _merge(connection: Connection, job: ClaimedJob, found: Merges, site: Site) -> TakenIn:
    """Numbers that are one patient's from now on, or are not any more."""
    state, said = MessageState.DONE, ""
    if found.quarantined:
        state, said = MessageState.QUARANTINED, found.quarantined
    elif found.ignored:
        state, said = MessageState.IGNORED, found.ignored
    else:
        state, said = merging.follow(connection, job.site_id, job.intake_of, found, site.settings)
    jobs.finish_intake(connection, job, state, said)
    return TakenIn(state, said)


def _part(
    connection: Connection,
    job: ClaimedJob,
    given: Opened,
    understood: Understood,
    tie: Tie,
    site: Site,
    read: Beforehand,
) -> TakenIn:
    """A part of a message: with the last of them the whole is read; until then it stays queued.

    Where others came or went since the whole was opened, the job looks again.
    """
    parts = fragments.parts_of(connection, job, tie)
    if parts == []:
        jobs.finish(connection, job)
        return TakenIn(MessageState.DONE)
    if parts and tuple(each.id for each in parts) == given.joined:
        fragments.joined(connection, job, parts)
        return _finish(connection, job, understood, site, read)
    if parts or given.joined:
        jobs.wait(connection, job, LOOK_AGAIN, 0)
        return TakenIn(MessageState.QUEUED)
    given_up = fragments.await_rest(connection, job, tie.missing, site.settings.mllp.rest_timeout)
    if not given_up:
        return TakenIn(MessageState.QUEUED)
    return _finish(connection, job, understood.model_copy(update={"quarantined": given_up}), site, NOTHING)


LOOK_AGAIN = "the rest of its message came meanwhile"


def _take_apart(connection: Connection, batch: ClaimedJob, site: Site) -> None:
    """Each message of a batch becomes a row of its own, with its own job where it alone would have got one.

    A batch that is replayed is not taken apart again: its messages are.
    """
    known = inbox.parts_of(connection, [batch.intake_of]).get(batch.intake_of, [])
    for part in known:
        inbox.requeue(connection, part.id)
    if not known:
        _add_parts(connection, batch, site)


def _add_parts(connection: Connection, batch: ClaimedJob, site: Site) -> None:
    for part in split(batch.body):
        header = read_header(part.body)
        state, reason, _ = judge(header, site.settings.mllp)
        row = inbox.part_of(batch, part.number, part.body, header) | {"state": state, "reason": reason}
        row["site_id"] = site.senders.find(str(row["application"]), str(row["facility"])).site or batch.site_id
        (message_id,) = inbox.add(connection, [row])
        if state != "queued":
            continue
        sender = f"{row['application']}^{row['facility']}"
        job = {"site_id": row["site_id"], "kind": "intake", "message_id": message_id, "sender": sender}
        priority = int(urgency(part.body, header))
        inbox.add_jobs(connection, [{**job, "priority": priority}])


def _settle(connection: Connection, job: ClaimedJob, understood: Understood, site: Site, read: Beforehand) -> TakenIn:
    if understood.ignored:
        return TakenIn(MessageState.IGNORED, understood.ignored)
    nameless = [report for report in understood.reports if report.key_parts is None]
    reason = understood.quarantined or (NO_KEY if nameless else "")
    found = _in_lock_order(understood.reports)
    reports.lock_orders(connection, found)
    kept = [placement.place(connection, job.intake_of, report, site.settings, read) for report in found]
    state = MessageState.QUARANTINED if reason else MessageState.DONE
    said = "; ".join(filter(None, (reason, *understood.problems)))
    return TakenIn(state, said, tuple(reading for reading in kept if reading))


def _in_lock_order(found: Sequence[Report]) -> list[Report]:
    """Reports are locked in the order of their keys, so that two messages cannot wait for each other."""
    return sorted((report for report in found if report.key_parts), key=lambda report: report.key_parts or ())
