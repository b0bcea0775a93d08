"""Queries on messages: what came in through either door."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from integration.hl7v2.msh import Header
from services.store.tables import job, message

ControlId = tuple[str, str, str, str]
Identity = tuple[str, str, str, str, str]
SUMMARY = [c for c in message.c if c.name not in ("body", "ack")]


def known(connection: Connection, identities: Iterable[Identity]) -> dict[Identity, RowMapping]:
    """First messages of these identities: mappings with id, ack and ack_code."""
    columns = (message.c.site_id, message.c.application, message.c.facility, message.c.control_id, message.c.sha256)
    wanted = list(identities)
    if not wanted:
        return {}
    query = select(*columns, message.c.id, message.c.ack, message.c.ack_code).where(
        tuple_(*columns).in_(wanted),
        message.c.door == "hl7",
        message.c.duplicate_of.is_(None),
        message.c.part.is_(None),
    )
    return {_identity(row): row for row in connection.execute(query).mappings()}


def _identity(row: RowMapping) -> Identity:
    return row["site_id"], row["application"], row["facility"], row["control_id"], row["sha256"]


def used_control_ids(
    connection: Connection, keys: Iterable[tuple[str, str, str, str]]
) -> set[tuple[str, str, str, str]]:
    """Those of (site, application, facility, control id) that an earlier message bears."""
    columns = (message.c.site_id, message.c.application, message.c.facility, message.c.control_id)
    wanted = list(keys)
    if not wanted:
        return set()
    query = select(*columns).where(tuple_(*columns).in_(wanted), message.c.door == "hl7").distinct()
    return {(row[0], row[1], row[2], row[3]) for row in connection.execute(query)}


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
