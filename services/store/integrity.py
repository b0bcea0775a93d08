"""Whether what is stored is whole: asked after a restore, and whenever someone wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from services.store import audit
from services.store.schema import is_current
from services.store.tables import job, message


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `wrong` says what is broken, empty when it is whole."""

    what: str
    says: str
    wrong: str = ""


def examine(connection: Connection) -> Iterator[Check]:
    """Schema, stored bytes, work for every message, audit chain: each on its own."""
    current = is_current(connection)
    yield Check("schema", "current", "" if current else "not of this version: run `countersign migrate`")
    if current:
        yield _bytes(connection)
        yield _work(connection)
        yield _audit(connection)


def _bytes(connection: Connection) -> Check:
    """Every stored body has the length and SHA-256 it had when it came in."""
    whole = (func.octet_length(message.c.body) == message.c.bytes) & (
        func.encode(func.sha256(message.c.body), "hex") == message.c.sha256
    )
    kept = message.c.body.is_not(None) & ~message.c.truncated
    query = select(func.count(), func.min(message.c.id).filter(~whole), func.count().filter(~whole)).where(kept)
    count, first, broken = connection.execute(query).one()
    wrong = f"{broken} changed since they came in, the first is message {first}" if broken else ""
    return Check("messages", f"{count} with the bytes they came with", wrong)


def _work(connection: Connection) -> Check:
    """Every message that waits has a job to do it."""
    jobs = select(job.c.id).where(job.c.message_id == message.c.id).exists()
    waiting = message.c.state == "queued"
    query = select(func.count().filter(waiting), func.count().filter(waiting & ~jobs)).select_from(message)
    count, lost = connection.execute(query).one()
    return Check("queue", f"{count} messages wait, each with its job", f"{lost} wait without a job" if lost else "")


def _audit(connection: Connection) -> Check:
    found = audit.verify(connection)
    wrong = f"row {found.broken.audit_id} {found.broken.reason}" if found.broken else ""
    return Check("audit", f"{found.sealed} rows in an unbroken chain, {found.unsealed} not sealed yet", wrong)
