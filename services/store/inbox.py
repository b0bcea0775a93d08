"""Queries on messages: what came in through either door."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, Text, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.types import TypeEngine

from integration.hl7v2.msh import Header
from services.store.tables import job, message

# Site, sending application and facility, control id, hash.
Identity = tuple[str, str, str, str | None, str]
SUMMARY = [c for c in message.c if c.name not in ("body", "ack")]

# Arrays instead of rows: one statement text for groups of any size, so that it is prepared once.
_LOOK_UP = text("""
    SELECT nextval(pg_get_serial_sequence('message', 'id')), earlier.id, earlier.ack, earlier.ack_code,
        EXISTS (
            SELECT FROM message AS any_earlier
            WHERE any_earlier.control_id = arrived.control_id AND any_earlier.site_id = arrived.site_id
                AND any_earlier.application = arrived.application AND any_earlier.facility = arrived.facility
                AND any_earlier.door = 'hl7'
        )
    FROM unnest(:sites, :applications, :facilities, :control_ids, :digests) WITH ORDINALITY
        AS arrived (site_id, application, facility, control_id, sha256, place)
    LEFT JOIN LATERAL (
        SELECT id, ack, ack_code FROM message
        WHERE site_id = arrived.site_id AND application = arrived.application AND facility = arrived.facility
            AND control_id = arrived.control_id AND sha256 = arrived.sha256
            AND door = 'hl7' AND control_id IS NOT NULL AND duplicate_of IS NULL AND part IS NULL
        LIMIT 1
    ) AS earlier ON true
    ORDER BY arrived.place
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("sites", "applications", "facilities", "control_ids", "digests"))
)
_FRAME_COLUMNS: dict[str, TypeEngine[Any]] = {
    name: message.c[name].type
    for name in (
        "id", "site_id", "peer", "application", "facility", "control_id", "message_type", "body", "bytes", "sha256",
        "truncated", "state", "reason", "ack_code", "ack", "duplicate_of", "control_id_reused", "trace",
    )
}  # fmt: skip
_LISTED = ", ".join(_FRAME_COLUMNS)
_ARRAYS = ", ".join(f":{name}" for name in _FRAME_COLUMNS)
_ADD_FRAMES = text(f"""
    WITH stored AS (
        INSERT INTO message ({_LISTED}, door) OVERRIDING SYSTEM VALUE
        SELECT {_LISTED}, 'hl7' FROM unnest({_ARRAYS}) AS arrived ({_LISTED})
        RETURNING id, site_id, application, facility, state
    )
    INSERT INTO job (site_id, kind, message_id, sender)
    SELECT site_id, 'intake', id, application || '^' || facility FROM stored WHERE state = 'queued' ORDER BY id
""").bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _FRAME_COLUMNS.items()))  # noqa: S608


class Known(NamedTuple):
    """What is known of one arriving frame: the id it gets, the first message of its identity with its answer,
    and whether an earlier message bears its control id."""

    id: int
    first: int | None
    ack: bytes | None
    ack_code: str | None
    used: bool


def prefer_indexes(connection: Connection) -> None:
    """For a connection that is kept: a plan made while the table was small would scan it once it is large."""
    connection.execute(text("SET enable_seqscan = off"))
    connection.commit()


def look_up(connection: Connection, identities: Sequence[Identity]) -> list[Known]:
    """One answer for each identity, in the order given; the new ids ascend in that order."""
    columns = zip(*identities, strict=True)
    names = ("sites", "applications", "facilities", "control_ids", "digests")
    rows = connection.execute(_LOOK_UP, dict(zip(names, map(list, columns), strict=True))).all()
    ids = sorted(row[0] for row in rows)
    return [Known(new, *row[1:]) for new, row in zip(ids, rows, strict=True)]


def add_frames(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts frames under the ids of `look_up`, and an intake job for each that is queued, in one statement."""
    connection.execute(_ADD_FRAMES, {name: [row[name] for row in rows] for name in _FRAME_COLUMNS})


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


def add_jobs(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """One intake job for each message that is queued."""
    if rows:
        connection.execute(insert(job), rows)


def get(connection: Connection, message_id: int) -> RowMapping:
    """A message with its body. Raises NoResultFound."""
    return connection.execute(select(message).where(message.c.id == message_id)).mappings().one()


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
    ids: Sequence[int] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Sequence[RowMapping]:
    """Frames and resources (not the parts of batches) in order of arrival, without their bodies."""
    query = select(*SUMMARY).where(message.c.part.is_(None)).order_by(message.c.id)
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
    return connection.execute(query.limit(limit).offset(offset)).mappings().all()
