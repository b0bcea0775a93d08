"""Queries on advisories: what a reviewer left out, what stood at Sign, what was taken back since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.store.jobs import NOW
from services.store.tables import advisory


def left_out(connection: Connection, version_id: int) -> frozenset[str]:
    """Identifiers of those a reviewer does not want sent."""
    query = select(advisory.c.identifier).where(advisory.c.version_id == version_id, advisory.c.left_out)
    return frozenset(connection.execute(query).scalars())


def leave_out(connection: Connection, *, left_out: bool, **values: Any) -> bool:
    """Drafts that one is left out, or not after all; False where that was so already."""
    statement = pg_insert(advisory).values(left_out=left_out, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["version_id", "identifier"],
        set_={"left_out": left_out},
        where=advisory.c.left_out != left_out,
    )
    return connection.scalar(statement.returning(advisory.c.id)) is not None


def sign(connection: Connection, **values: Any) -> None:
    """Lets one stand. One that stands already stays as it was signed."""
    signed = {"state": "signed", "signed_at": NOW}
    statement = pg_insert(advisory).values(**values, **signed)
    statement = statement.on_conflict_do_update(
        index_elements=["version_id", "identifier"],
        set_={**signed, "signed_by": statement.excluded.signed_by, "ended_at": None},
        where=advisory.c.state != "signed",
    )
    connection.execute(statement)


def withdraw(connection: Connection, version_id: int, *, but: Collection[str] = ()) -> int:
    """What was signed of a version stands no more, except `but` (identifiers); how many."""
    where = (advisory.c.version_id == version_id, advisory.c.state == "signed", advisory.c.identifier.not_in(but))
    values = {"state": "withdrawn", "ended_at": NOW}
    return connection.execute(update(advisory).where(*where).values(**values)).rowcount


def signed_elsewhere(connection: Connection, report_id: int, version_id: int) -> Sequence[int]:
    """Other versions of the report under which an advisory stands signed."""
    query = select(advisory.c.version_id).where(
        advisory.c.report_id == report_id, advisory.c.version_id != version_id, advisory.c.state == "signed"
    )
    return list(connection.execute(query.distinct()).scalars())
