"""Queries on messages: what came in through either door."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from integration.hl7v2.msh import Header
from services.store.tables import job, message, report, report_source

SUMMARY = [c for c in message.c if c.name not in ("body", "ack")]

# One JSON document and two arrays instead of rows: one statement for groups of any size, prepared once, and one
# round trip with its commit. Handed to the driver as it is: this is the one path where microseconds count.
_FIELDS = {
    "place": "integer",
    "repeats": "integer",
    "priority": "smallint",
    "site_id": "text",
    "peer": "text",
    "application": "text",
    "facility": "text",
    "control_id": "text",
    "message_type": "text",
    "bytes": "bigint",
    "sha256": "text",
    "truncated": "boolean",
    "state": "text",
    "reason": "text",
    "ack_code": "text",
    "control_id_reused": "boolean",
    "trace": "text",
}
_DECLARED = ", ".join(f"{name} {kind}" for name, kind in _FIELDS.items())
_ADD_FRAMES = f"""
    WITH arrived AS MATERIALIZED (
        SELECT frame.*, nextval('message_id_seq') AS id, earlier.id AS earlier_id,
            earlier.ack AS earlier_ack, earlier.ack_code AS earlier_code,
            EXISTS (
                SELECT FROM message AS any_earlier
                WHERE any_earlier.control_id = frame.control_id AND any_earlier.site_id = frame.site_id
                    AND any_earlier.application = frame.application AND any_earlier.facility = frame.facility
                    AND any_earlier.door = 'hl7'
            ) AS used
        FROM ROWS FROM (
            json_to_recordset(%(frames)s::json) AS ({_DECLARED}), unnest(%(bodies)s::bytea[]), unnest(%(acks)s::bytea[])
        ) AS frame ({", ".join(_FIELDS)}, body, ack)
        LEFT JOIN LATERAL (
            SELECT id, ack, ack_code FROM message
            WHERE site_id = frame.site_id AND application = frame.application AND facility = frame.facility
                AND control_id = frame.control_id AND sha256 = frame.sha256
                AND door = 'hl7' AND control_id IS NOT NULL AND duplicate_of IS NULL AND part IS NULL
            LIMIT 1
        ) AS earlier ON true
    ), judged AS MATERIALIZED (
        SELECT arrived.*, coalesce(arrived.earlier_id, first.id) AS duplicate_of,
            coalesce(arrived.earlier_ack, first.earlier_ack, first.ack) AS first_ack,
            coalesce(arrived.earlier_code, first.earlier_code, first.ack_code) AS first_code
        FROM arrived LEFT JOIN arrived AS first ON first.place = arrived.repeats
    ), stored AS (
        INSERT INTO message (
            id, site_id, door, peer, application, facility, control_id, message_type, body, bytes, sha256, truncated,
            trace, duplicate_of, state, reason, ack, ack_code, control_id_reused
        ) OVERRIDING SYSTEM VALUE
        SELECT id, site_id, 'hl7', peer, application, facility, control_id, message_type, body, bytes, sha256,
            truncated, trace, duplicate_of,
            CASE WHEN duplicate_of IS NULL THEN state ELSE 'ignored' END,
            CASE WHEN duplicate_of IS NULL THEN reason ELSE 'repeats message ' || duplicate_of END,
            CASE WHEN duplicate_of IS NULL THEN ack ELSE first_ack END,
            CASE WHEN duplicate_of IS NULL THEN ack_code ELSE first_code END,
            duplicate_of IS NULL AND (control_id_reused OR used)
        FROM judged
        RETURNING id, site_id, application, facility, state
    ), queued AS (
        INSERT INTO job (site_id, kind, message_id, sender, priority)
        SELECT stored.site_id, 'intake', id, stored.application || '^' || stored.facility, judged.priority
        FROM stored JOIN judged USING (id) WHERE stored.state = 'queued' ORDER BY id
    )
    SELECT id, duplicate_of, CASE WHEN duplicate_of IS NOT NULL THEN first_ack END FROM judged ORDER BY place
"""  # noqa: S608


class Taken(NamedTuple):
    """What became of a frame: its id, and of a repeat the first message of its identity with its stored answer."""

    id: int
    duplicate_of: int | None
    ack: bytes | None


def keep_plans(connection: Connection) -> None:
    """For a connection that is kept: plan once, and not with the scans that suit a table that is still small."""
    connection.execute(text("SET enable_seqscan = off"))
    connection.execute(text("SET plan_cache_mode = force_generic_plan"))


def add_frames(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[Taken]:
    """Stores frames, and an intake job for each that is queued, in one statement; the outcomes in the same order.

    `place` numbers the rows of the group; `repeats` is the place of an earlier one of the same identity, or None.
    A frame whose identity is stored already becomes a repeat of that message. A control id that an earlier message
    of other content bears is flagged. `priority` is that of the job.
    """
    frames = json.dumps([{name: row[name] for name in _FIELDS} for row in rows])
    contents = {"bodies": [row["body"] for row in rows], "acks": [row["ack"] for row in rows]}
    rows_back = connection.exec_driver_sql(_ADD_FRAMES, {"frames": frames, **contents})
    return [Taken(*row) for row in rows_back]


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Inserts messages of one shape; their ids in the same order."""
    statement = insert(message).returning(message.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, rows).scalars())


def add_resource(connection: Connection, row: dict[str, Any]) -> int | None:
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


def add_jobs(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """One intake job for each message that is queued."""
    if rows:
        connection.execute(insert(job), rows)


def get(connection: Connection, message_id: int) -> RowMapping:
    """A message with its body. Raises NoResultFound."""
    return connection.execute(select(message).where(message.c.id == message_id)).mappings().one()


def trace_of(connection: Connection, message_id: int | None, version_id: int | None) -> str:
    """The trace context of a message, or of the first that made a version; "" where none was stored."""
    source = select(func.min(report_source.c.message_id)).where(report_source.c.version_id == version_id)
    wanted = message_id if message_id is not None else source.scalar_subquery()
    return connection.scalar(select(message.c.trace).where(message.c.id == wanted)) or ""


def set_state(connection: Connection, message_id: int, state: str, reason: str = "") -> None:
    """Moves a message to a state; the reason holds no patients' text."""
    connection.execute(update(message).where(message.c.id == message_id).values(state=state, reason=reason))


def parts_of(connection: Connection, batches: Sequence[int]) -> dict[int, list[RowMapping]]:
    """The messages taken out of batches, in order, by the id of their frame."""
    query = select(*SUMMARY).where(message.c.part.is_not(None)).order_by(message.c.parent_id, message.c.part)
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query.where(message.c.parent_id == func.any(batches))).mappings():
        found.setdefault(row["parent_id"], []).append(row)
    return found


def part_of(batch: RowMapping, number: int, body: bytes, header: Header | None) -> dict[str, Any]:
    """The row of one message taken out of a batch."""
    return {
        "site_id": batch["site_id"],
        "door": batch["door"],
        "peer": batch["peer"],
        "application": header.sending_application if header else batch["application"],
        "facility": header.sending_facility if header else batch["facility"],
        "control_id": (header.control_id or None) if header else None,
        "message_type": header.message_type if header else "",
        "body": body,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "state": "queued",
        "parent_id": batch["id"],
        "part": number,
    }


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Messages by (door, state)."""
    query = select(message.c.door, message.c.state, func.count()).group_by(message.c.door, message.c.state)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def search(
    connection: Connection,
    *,
    control_id: str = "",
    state: str = "",
    door: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    accession: str = "",
    patient: str = "",
    ids: Sequence[int] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Sequence[RowMapping]:
    """Frames and resources (not the parts of batches) in order of arrival, without their bodies.

    `accession` (or filler order number) and `patient` (identifier) find messages that spoke of such a report. With
    `limit` the newest.
    """
    query = select(*SUMMARY).where(message.c.part.is_(None)).order_by(message.c.id.desc())
    if accession or patient:
        query = query.where(_spoke_of(accession, patient))
    exact = {message.c.control_id: control_id, message.c.state: state, message.c.door: door}
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    if since:
        query = query.where(message.c.received_at >= since)
    if until:
        query = query.where(message.c.received_at < until)
    if ids is not None:
        query = query.where(message.c.id.in_(ids))
    return connection.execute(query.limit(limit).offset(offset)).mappings().all()[::-1]


def _spoke_of(accession: str, patient: str) -> ColumnElement[bool]:
    """Messages that are a report's source, or the batch one came in."""
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
    return message.c.id.in_(about)


def quarantined(connection: Connection) -> Sequence[RowMapping]:
    """What could not be understood, the parts of batches included, in order of arrival."""
    query = select(*SUMMARY).where(message.c.state == "quarantined").order_by(message.c.id)
    return connection.execute(query).mappings().all()


def requeue(connection: Connection, message_id: int) -> bool:
    """Puts a message back to the start of its way, whatever became of it; not a refused one, and no repeat."""
    again = update(message).where(
        message.c.id == message_id,
        message.c.state.in_(("quarantined", "ignored", "done")),
        message.c.duplicate_of.is_(None),
    )
    statement = again.values(state="queued", reason="").returning(
        message.c.site_id, message.c.application, message.c.facility
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return False
    site, application, facility = row
    sender = f"{application}^{facility}"
    add_jobs(connection, [{"site_id": site, "kind": "intake", "message_id": message_id, "sender": sender}])
    return True
