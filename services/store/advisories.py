"""Queries on advisories: what a reviewer left out, what stood at Sign, what was taken back since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.domain.deliveries import Overdue
from services.domain.reports import Json
from services.store.clock import NOW
from services.store.rows import every
from services.store.tables import advisory, report
from services.store.tables.advisory import UNTOLD

NOBODY = literal([], JSONB)
_LEFT_OUT = select(advisory.c.identifier).where(advisory.c.version_id == bindparam("version"), advisory.c.left_out)


def left_out(connection: Connection, version_id: int) -> frozenset[str]:
    """Identifiers of those a reviewer does not want sent."""
    return frozenset(connection.execute(_LEFT_OUT, {"version": version_id}).scalars())


def leave_out(connection: Connection, *, left_out: bool, **values: object) -> bool:
    """Drafts that one is left out, or not after all; False where that was so already."""
    statement = pg_insert(advisory).values(left_out=left_out, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["version_id", "identifier"],
        set_={"left_out": left_out},
        where=advisory.c.left_out != left_out,
    )
    return connection.scalar(statement.returning(advisory.c.id)) is not None


def tell(connection: Connection, told: Json, **values: object) -> None:
    """Adds who was told of one; what it said before is kept."""
    statement = pg_insert(advisory).values(told=[told], **values)
    fresh = {"told": advisory.c.told.op("||")(statement.excluded.told)}
    connection.execute(statement.on_conflict_do_update(index_elements=["version_id", "identifier"], set_=fresh))


def forget_told(connection: Connection, version_id: int) -> int:
    """Forgets who was told of what is not signed; of how many."""
    where = and_(advisory.c.version_id == version_id, advisory.c.state == "open", advisory.c.told != NOBODY)
    return connection.execute(update(advisory).where(where).values(told=[])).rowcount


def told_of(report_id: BindParameter[int] | ScalarSelect[int]) -> Select[tuple[object, ...]]:
    """The statement of whom somebody told of a report's critical results: `message` of each, and `told`."""
    message = advisory.c.record["message"].astext.label("message")
    told = select(message, advisory.c.told).where(advisory.c.report_id == report_id, advisory.c.told != NOBODY)
    return told.order_by(advisory.c.id)


_TOLD = told_of(bindparam("report", type_=BigInteger))


def told(connection: Connection, report_id: int) -> dict[str, list[Json]]:
    """Who was told of the critical results of a report, by the result's message: the same in a corrected version."""
    return {row.message: row.told for row in connection.execute(_TOLD, {"report": report_id})}


_KEEP_TOLD = text("""
    UPDATE advisory SET told = older.told FROM advisory older
    WHERE advisory.version_id = :version AND advisory.told = '[]' AND advisory.kind = 'critical_result'
        AND older.report_id = :report AND older.version_id <> :version AND older.told <> '[]'
        AND older.record ->> 'message' = advisory.record ->> 'message'
""")


def keep_told(connection: Connection, report_id: int, version_id: int) -> None:
    """Whoever was told of a result before a correction was told of it."""
    connection.execute(_KEEP_TOLD, {"report": report_id, "version": version_id})


def untold(connection: Connection, seconds: float) -> int:
    """Signed critical results of which nobody was told within so many seconds of Sign."""
    where = and_(text(UNTOLD), advisory.c.signed_at < NOW - timedelta(seconds=seconds))
    return connection.scalar(select(func.count()).select_from(advisory).where(where)) or 0


def note_overdue(connection: Connection, after: float, news: timedelta) -> list[Overdue]:
    """Critical results nobody was told of within `after` seconds of Sign, each found once; none older by `news`."""
    due = NOW - timedelta(seconds=after)
    where = and_(text(UNTOLD), advisory.c.overdue_at.is_(None), advisory.c.signed_at < due)
    statement = (
        update(advisory)
        .where(where, advisory.c.signed_at > due - news, report.c.id == advisory.c.report_id)
        .values(overdue_at=NOW)
        .returning(*(advisory.c[name] for name in ("id", "site_id", "report_id", "version_id")), report.c.processing)
    )
    return every(Overdue, connection.execute(statement))


def since(connection: Connection, advisory_id: int) -> Json:
    """What became of a critical result: whether somebody was told meanwhile, and whether it stands no more."""
    columns = (advisory.c.told != NOBODY, advisory.c.state != "signed")
    told, withdrawn = connection.execute(select(*columns).where(advisory.c.id == advisory_id)).one()
    return {"communicated": told, "withdrawn": withdrawn}


def sign(connection: Connection, **values: object) -> None:
    """Lets one stand. One that stands already stays as it was signed."""
    signed = {"state": "signed", "signed_at": NOW, "overdue_at": None}
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
