"""Queries on messages: what came in through either door."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from integration.canonical import Priority
from integration.hl7v2.msh import Header, read_header
from integration.hl7v2.urgency import urgency
from services.domain.messages import ClaimedJob, Message
from services.store.rows import Values, every, one, record
from services.store.tables import job, message, report, report_source

SUMMARY = [c for c in message.c if c.name not in ("body", "ack")]


def add(connection: Connection, rows: Sequence[Values]) -> list[int]:
    """Inserts messages of one shape; their ids in the same order."""
    statement = insert(message).returning(message.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, rows).scalars())


def add_resource(connection: Connection, row: Values) -> int | None:
    """Inserts a message of the FHIR door; None where this version of the resource is known."""
    statement = pg_insert(message).values(row).on_conflict_do_nothing().returning(message.c.id)
    return connection.execute(statement).scalar()


def has_resource(connection: Connection, endpoint: str, reference: str, version: str) -> bool:
    """Whether a version of a resource is known."""
    where = (message.c.door == "fhir", message.c.peer == endpoint, message.c.resource == reference)
    query = select(func.count()).where(*where, message.c.resource_version == version)
    return bool(connection.scalar(query))


def last_version(connection: Connection, endpoint: str, reference: str) -> str | None:
    """The version of a resource that came last, None where none came."""
    where = (message.c.door == "fhir", message.c.peer == endpoint, message.c.resource == reference)
    query = select(message.c.resource_version).where(*where).order_by(message.c.id.desc()).limit(1)
    return connection.scalar(query)


def add_jobs(connection: Connection, rows: Sequence[Values]) -> None:
    """One intake job for each message that is queued."""
    if rows:
        connection.execute(insert(job), rows)


_GET = select(message).where(message.c.id == bindparam("wanted"))
_SET_STATE = (
    update(message)
    .where(message.c.id == bindparam("wanted"))
    .values(state=bindparam("moved"), reason=bindparam("because"))
)


def get(connection: Connection, message_id: int) -> Message:
    """A message with its body. Raises NoResultFound."""
    return one(Message, connection.execute(_GET, {"wanted": message_id}))


def trace_of(connection: Connection, message_id: int | None, version_id: int | None) -> str:
    """The trace context of a message, or of the first that made a version; "" where none was stored."""
    source = select(func.min(report_source.c.message_id)).where(report_source.c.version_id == version_id)
    wanted = message_id if message_id is not None else source.scalar_subquery()
    return connection.scalar(select(message.c.trace).where(message.c.id == wanted)) or ""


def set_state(connection: Connection, message_id: int, state: str, reason: str = "") -> None:
    """Moves a message to a state; the reason holds no patients' text."""
    connection.execute(_SET_STATE, {"wanted": message_id, "moved": state, "because": reason})


def parts_of(connection: Connection, batches: Sequence[int]) -> dict[int, list[Message]]:
    """The messages taken out of batches, in order, by the id of their frame."""
    query = select(*SUMMARY).where(message.c.part.is_not(None)).order_by(message.c.parent_id, message.c.part)
    found: dict[int, list[Message]] = {}
    for row in connection.execute(query.where(message.c.parent_id == func.any(batches))).mappings():
        found.setdefault(row["parent_id"], []).append(record(Message, row))
    return found


def part_of(batch: ClaimedJob, number: int, body: bytes, header: Header | None) -> Values:
    """The row of one message taken out of a batch, whose claimed job is given."""
    return {
        "site_id": batch.site_id,
        "door": batch.door,
        "peer": batch.peer,
        "application": header.sending_application if header else batch.application,
        "facility": header.sending_facility if header else batch.facility,
        "control_id": (header.control_id or None) if header else None,
        "message_type": header.message_type if header else "",
        "body": body,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "state": "queued",
        "parent_id": batch.message_id,
        "part": number,
    }


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Messages by (door, state)."""
    query = select(message.c.door, message.c.state, func.count()).group_by(message.c.door, message.c.state)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def search(
    connection: Connection,
    *,
    site: str = "",
    control_id: str = "",
    state: str = "",
    door: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    accession: str = "",
    patient: str = "",
    ids: Sequence[int] | None = None,
    parts: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[Message]:
    """Frames and resources, with `parts` those of batches too, in order of arrival, without their bodies.

    `accession` (or filler order number) and `patient` (identifier) find messages that spoke of such a report, and
    among those that were not understood the ones that hold the words anywhere. With `limit` the newest.
    """
    query = select(*SUMMARY).order_by(message.c.id.desc())
    if not parts:
        query = query.where(message.c.part.is_(None))
    if accession or patient:
        query = query.where(spoke_of(accession, patient))
    exact = {message.c.control_id: control_id, message.c.state: state, message.c.door: door, message.c.site_id: site}
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    if since:
        query = query.where(message.c.received_at >= since)
    if until:
        query = query.where(message.c.received_at < until)
    if ids is not None:
        query = query.where(message.c.id.in_(ids))
    return every(Message, connection.execute(query.limit(limit).offset(offset)))[::-1]


def spoke_of(accession: str, patient: str) -> ColumnElement[bool]:
    """Messages that are a report's source, or the batch one came in; of the quarantine those that hold the words."""
    part = message.alias("part")
    about = select(func.coalesce(part.c.parent_id, part.c.id)).select_from(
        report_source.join(report, report.c.id == report_source.c.report_id).join(
            part, part.c.id == report_source.c.message_id
        )
    )
    if accession:
        about = about.where((report.c.accession == accession) | (report.c.filler == accession))
    if patient:
        about = about.where(report.c.patient_id == patient)
    return message.c.id.in_(about.union_all(_quarantined_with(accession, patient)))


def _quarantined_with(*words: str) -> Select[tuple[int]]:
    """Of what is in quarantine no report is known; it is little enough to be looked through byte by byte."""
    held = message.alias("held")
    found = [func.position(func.convert_to(word, "UTF8").op("IN")(held.c.body)) > 0 for word in words if word]
    return select(func.coalesce(held.c.parent_id, held.c.id)).where(held.c.state == "quarantined", *found)


def quarantined(connection: Connection) -> list[Message]:
    """What could not be understood, the parts of batches included, in order of arrival."""
    query = select(*SUMMARY).where(message.c.state == "quarantined").order_by(message.c.id)
    return every(Message, connection.execute(query))


def to_try(connection: Connection, last: int) -> list[Message]:
    """With their bytes: what is in quarantine, and the newest messages of the HL7 door that were read."""
    held = select(message).where(message.c.state == "quarantined", message.c.door == "hl7").order_by(message.c.id)
    done = select(message).where(message.c.state == "done", message.c.door == "hl7").order_by(message.c.id.desc())
    return every(Message, connection.execute(held)) + every(Message, connection.execute(done.limit(last)))


def requeue(connection: Connection, message_id: int) -> bool:
    """Puts a message back to the start of its way, whatever became of it; no refused, repeated or purged one."""
    again = update(message).where(
        message.c.id == message_id,
        message.c.state.in_(("quarantined", "ignored", "done")),
        message.c.duplicate_of.is_(None) | (message.c.state != "ignored"),
        message.c.body.is_not(None),
    )
    statement = again.values(state="queued", reason="").returning(
        message.c.site_id, message.c.application, message.c.facility, message.c.door, message.c.body
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return False
    site, application, facility, door, body = row
    priority = urgency(bytes(body), read_header(bytes(body))) if door == "hl7" else Priority.ROUTINE
    sender = f"{application}^{facility}"
    job = {"site_id": site, "kind": "intake", "message_id": message_id, "sender": sender, "priority": int(priority)}
    add_jobs(connection, [job])
    return True
