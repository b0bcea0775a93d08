"""Queries on advisories: what a reviewer left out, what stood at Sign, what was taken back since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.store.jobs import NOW
from services.store.tables import advisory

_LEFT_OUT = select(advisory.c.identifier).where(advisory.c.version_id == bindparam("version"), advisory.c.left_out)


def left_out(connection: Connection, version_id: int) -> frozenset[str]:
    """Identifiers of those a reviewer does not want sent."""
    return frozenset(connection.execute(_LEFT_OUT, {"version": version_id}).scalars())


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


_WITHDRAW = (
    update(advisory)
    .where(
        advisory.c.version_id == bindparam("version"),
        advisory.c.state == "signed",
        advisory.c.identifier != func.all(bindparam("but", type_=ARRAY(Text))),
    )
    .values(state="withdrawn", ended_at=NOW)
)


def withdraw(connection: Connection, version_id: int, *, but: Collection[str] = ()) -> int:
    """What was signed of a version stands no more, except `but` (identifiers); how many."""
    return connection.execute(_WITHDRAW, {"version": version_id, "but": list(but)}).rowcount


_SIGNED_ELSEWHERE = (
    select(advisory.c.version_id)
    .where(
        advisory.c.report_id == bindparam("report"),
        advisory.c.version_id != bindparam("version"),
        advisory.c.state == "signed",
    )
    .distinct()
)


def signed_elsewhere(connection: Connection, report_id: int, version_id: int) -> Sequence[int]:
    """Other versions of the report under which an advisory stands signed."""
    return list(connection.execute(_SIGNED_ELSEWHERE, {"report": report_id, "version": version_id}).scalars())
