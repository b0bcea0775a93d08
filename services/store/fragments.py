"""Queries on messages that came in parts (HL7 v2.8 §2.10.2), tied together by MSH-14 and DSC-1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, func, or_, select, text, update

from integration.canonical import sha256
from services.domain.messages import ClaimedJob, Message
from services.store.clock import NOW
from services.store.rows import every, one
from services.store.tables import job, message

# More parts than any message has.
_MOST = 1000


def lock(connection: Connection, row: ClaimedJob) -> None:
    """One part of a sender at a time, until the transaction ends: two that came together must see each other."""
    key = int(sha256("parts", row.site_id, row.application, row.facility)[:15], 16)
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def tie(connection: Connection, message_id: int, continues: str, goes_on: str) -> Message:
    """Keeps what ties a part to others; the part as it stands."""
    statement = update(message).where(message.c.id == message_id).values(continues=continues, goes_on=goes_on)
    return one(Message, connection.execute(statement.returning(*message.c)))


def others(connection: Connection, row: ClaimedJob) -> list[Message]:
    """The parts this sender has sent within a day and that were not read yet, newest first: pointers are used again."""
    where = (
        message.c.site_id == row.site_id,
        message.c.application == row.application,
        message.c.facility == row.facility,
        or_(message.c.continues != "", message.c.goes_on != ""),
        message.c.state.in_(("queued", "quarantined")),
        message.c.received_at > NOW - timedelta(days=1),
        message.c.body.is_not(None),
    )
    return every(Message, connection.execute(select(message).where(*where).order_by(message.c.id.desc()).limit(_MOST)))


def waited(connection: Connection, row: ClaimedJob) -> float:
    """Seconds since the part came in, or was sent on its way again."""
    age = func.extract("epoch", NOW - job.c.created_at)
    return float(connection.execute(select(age).where(job.c.id == row.id)).scalar_one())


def join(connection: Connection, parts: Sequence[int], reason: str) -> None:
    """The parts are read as one message: none of them is waited for any more."""
    done = update(message).where(message.c.id.in_(parts)).values(state="done", reason=reason)
    connection.execute(done)
    idle = update(job).where(job.c.message_id.in_(parts), job.c.state.in_(("ready", "waiting")))
    connection.execute(idle.values(state="done", reason=reason, published_at=None, finished_at=NOW))
