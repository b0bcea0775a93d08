"""The worklist's query: filter, sort, search, count, and which report comes next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement, TextClause

from services.store.jobs import NOW
from services.store.tables import account, audit, report, report_version, review, suggestion
from services.store.tables.review import IS_OPEN

Show = Literal["todo", "mine", "signed", "all"]
Sort = Literal["urgent", "oldest", "newest", "patient", "disagreement"]
Way = Literal["all", "on", "back"]
Flag = Literal["critical", "conflict", "unsupported", "reopened", "none"]
PAGE = 50
# Written out, not bound: PostgreSQL uses an index on part of a table where it sees that the query asks for no more.
TO_DO = text(f"review.{IS_OPEN}")
SIGNED = text("review.state = 'signed'")
CLAIMED = text("review.state = 'claimed'")


Condition = ColumnElement[bool] | TextClause


@dataclass(frozen=True, slots=True)
class Filter:
    """What of a site's worklist is shown. Empty strings and None do not filter; `search` is a prefix.

    `patient` is an identifier with its assigning authority.
    """

    site: str
    show: Show = "todo"
    sort: Sort = "urgent"
    search: str = ""
    modality: str = ""
    priority: int | None = None
    flag: Flag | None = None
    finding: str = ""
    patient: tuple[str, str] | None = None
    account_id: int | None = None


COLUMNS = (
    review.c.id,
    review.c.report_id,
    review.c.state,
    review.c.revision,
    review.c.priority,
    review.c.suggestions,
    review.c.critical,
    review.c.conflicts,
    review.c.unsupported,
    review.c.signed_at,
    review.c.created_at,
    report.c.patient_name,
    report.c.patient_id,
    report.c.accession,
    report.c.procedure,
    report.c.modality,
    report.c.body_site,
    report.c.observed_at,
    report.c.held,
    report_version.c.state.label("version_state"),
    report_version.c.status.label("report_status"),
    func.extract("epoch", func.coalesce(review.c.signed_at, NOW) - review.c.created_at).label("waiting"),
    account.c.name.label("claimer"),
    and_(review.c.claimed_by.is_not(None), review.c.claimed_until > NOW).label("claim_live"),
    review.c.claimed_by,
)
TABLES = (
    review.join(report, report.c.id == review.c.report_id)
    .join(report_version, report_version.c.id == review.c.version_id)
    .outerjoin(account, account.c.id == review.c.claimed_by)
)
REVIEWS = review.join(report, report.c.id == review.c.report_id)


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: all columns one way, so that a row's place is a tuple to compare with."""

    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False

    def by(self, backwards: bool = False) -> list[ColumnElement[Any]]:
        """ORDER BY."""
        down = self.descending != backwards
        return [column.desc() if down else column.asc() for column in self.columns]

    def beyond(self, backwards: bool = False) -> ColumnElement[bool]:
        """Rows further down than the place `at(place)`, further up where `backwards`."""
        here = tuple_(*[bindparam(f"at_{index}", type_=column.type) for index, column in enumerate(self.columns)])
        down = self.descending != backwards
        return tuple_(*self.columns) < here if down else tuple_(*self.columns) > here

    @staticmethod
    def at(place: Sequence[Any] | None) -> dict[str, Any]:
        """The parameters of `beyond`."""
        return {f"at_{index}": value for index, value in enumerate(place or ())}


# Each has an index in the tables' definitions.
ORDERS: dict[str, Order] = {
    "urgent": Order((review.c.priority, review.c.created_at, review.c.id)),
    "oldest": Order((review.c.created_at, review.c.id)),
    "newest": Order((review.c.created_at, review.c.id), descending=True),
    "patient": Order((report.c.patient_name, report.c.id)),
    "disagreement": Order((-review.c.conflicts, review.c.priority, review.c.created_at, review.c.id)),
}
LAST_SIGNED = Order((review.c.signed_at, review.c.id), descending=True)


def order_of(wanted: Filter) -> Order:
    """What is signed is not urgent any more: there the last signature comes first, and of all reports the newest."""
    settled: dict[str, Order] = {"signed": LAST_SIGNED, "all": ORDERS["newest"]}
    return settled.get(wanted.show, ORDERS["urgent"]) if wanted.sort == "urgent" else ORDERS[wanted.sort]


@dataclass(frozen=True, slots=True)
class Page:
    """At most PAGE rows, and whether there are others before and after them."""

    rows: Sequence[RowMapping]
    earlier: bool
    later: bool


def page(connection: Connection, wanted: Filter, after: int | None = None, before: int | None = None) -> Page:
    """The page that follows the review `after`, or ends before the review `before`; the first where both are None.

    A page is found by where its neighbour stands and not by counting, so that the hundredth costs what the first does
    and nothing is skipped while others sign.
    """
    order, backwards = order_of(wanted), before is not None
    place = _place(connection, order, before if backwards else after)
    way: Way = "all" if place is None else "back" if backwards else "on"
    rows = _rows(connection, wanted, way, place, PAGE + 1)
    further, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        return Page(rows[::-1], earlier=further, later=place is not None)
    return Page(rows, earlier=place is not None, later=further)


def _rows(
    connection: Connection, wanted: Filter, way: Way, place: Sequence[Any] | None, limit: int
) -> Sequence[RowMapping]:
    shape, values = _asked(connection, wanted)
    values |= {**Order.at(place), "most": limit}
    return connection.execute(_listing(shape, way), values).mappings().all()


@lru_cache(maxsize=256)
def _listing(shape: Filter, way: Way) -> Select[Any]:
    """Which reviews they are is settled first, in the narrow tables; only those are joined with what is shown."""
    order = order_of(shape)
    beyond = [] if way == "all" else [order.beyond(way == "back")]
    chosen = select(review.c.id).select_from(REVIEWS).where(*conditions(shape), *beyond)
    by = order.by(way == "back")
    ids = chosen.order_by(*by).limit(bindparam("most")).scalar_subquery()
    return select(*COLUMNS).select_from(TABLES).where(review.c.id.in_(ids)).order_by(*by)


@cache
def _standing(order: Order) -> Select[Any]:
    return select(*order.columns).select_from(TABLES).where(review.c.id == bindparam("review"))


def _place(connection: Connection, order: Order, review_id: int | None) -> Sequence[Any] | None:
    """Where a review stands in an order; None for one that has no place in it."""
    if review_id is None:
        return None
    row = connection.execute(_standing(order), {"review": review_id}).one_or_none()
    return None if row is None or None in row else row


# A search that finds more reports than this goes down the list: some of them will be at its top.
FEW = 1000


def _asked(connection: Connection, wanted: Filter) -> tuple[Filter, dict[str, Any]]:
    """A filter's shape, which is what makes another statement, and the parameters of its statements."""
    search = wanted.search.strip().lower()
    values = {
        "site": wanted.site,
        "begins": re.sub(r"([/%_])", r"/\1", search) + "%",
        "modality": wanted.modality,
        "priority": wanted.priority,
        "finding": wanted.finding,
        "patient": wanted.patient and wanted.patient[0],
        "authority": wanted.patient and wanted.patient[1],
        "account": wanted.account_id,
    }
    found = connection.execute(_FOUND, values).scalars().all() if search else []
    shape = replace(
        wanted,
        site="",
        search=search and ("many" if len(found) > FEW else "few"),
        modality=wanted.modality and "some",
        priority=None if wanted.priority is None else 0,
        finding=wanted.finding and "some",
        patient=wanted.patient and ("some", "some"),
        account_id=None,
    )
    return shape, {**values, "found": found[:FEW]}


SITE = bindparam("site", type_=Text)


_BEGINS = or_(
    *[
        func.lower(column).like(bindparam("begins", type_=Text), escape="/")
        for column in (report.c.patient_name, report.c.accession, report.c.patient_id)
    ]
)
_FOUND = select(report.c.id).where(report.c.site_id == SITE, _BEGINS).limit(FEW + 1)


def conditions(shape: Filter) -> list[Condition]:
    """The WHERE of all filters of a shape."""
    chosen: list[Condition] = [review.c.site_id == SITE, report.c.site_id == SITE, *_shown(shape)]
    if shape.search:
        few = report.c.id == func.any(bindparam("found", type_=ARRAY(BigInteger)))
        chosen.append(few if shape.search == "few" else _BEGINS)
    if shape.patient is not None:
        chosen += [report.c.patient_id == bindparam("patient"), report.c.patient_authority == bindparam("authority")]
    if shape.modality:
        chosen.append(report.c.modality == bindparam("modality"))
    if shape.priority is not None:
        chosen.append(review.c.priority == bindparam("priority"))
    if shape.flag:
        chosen.append(_flagged(shape.flag))
    if shape.finding:
        chosen.append(_suggested())
    return chosen


def _shown(shape: Filter) -> list[Condition]:
    mine: list[Condition] = [CLAIMED, review.c.claimed_by == bindparam("account"), review.c.claimed_until > NOW]
    shown: dict[Show, list[Condition]] = {"todo": [TO_DO], "mine": mine, "signed": [SIGNED], "all": []}
    return shown[shape.show]


def _flagged(flag: Flag) -> ColumnElement[bool]:
    tests: dict[str, ColumnElement[bool]] = {
        "critical": review.c.critical > 0,
        "conflict": review.c.conflicts > 0,
        "unsupported": review.c.unsupported > 0,
        "reopened": and_(review.c.signed_at.is_not(None), review.c.state != "signed"),
        "none": review.c.suggestions == 0,
    }
    return tests[flag]


def _suggested() -> ColumnElement[bool]:
    return exists().where(
        suggestion.c.version_id == review.c.version_id,
        suggestion.c.finding_id == bindparam("finding"),
        suggestion.c.state != "withdrawn",
    )


def following(connection: Connection, wanted: Filter, account_id: int, done: int, onward: bool) -> int | None:
    """The report that comes next in the list for a person, none that somebody else has open.

    From the top once `done` is signed, since something more urgent may have come; `onward` from there on down.
    """
    shape, values = _asked(connection, wanted)
    values |= {"account": account_id, "done": done}
    place = _place(connection, ORDERS[wanted.sort], done) if onward else None
    below = connection.scalar(_following(shape, onward=True), values | Order.at(place)) if place else None
    found = connection.scalar(_following(shape, onward=False), values) if below is None else below
    return None if found is None else int(found)


@lru_cache(maxsize=256)
def _following(shape: Filter, *, onward: bool) -> Select[Any]:
    mine = review.c.claimed_by == bindparam("account")
    free = or_(review.c.claimed_by.is_(None), review.c.claimed_until < NOW, mine)
    where = [*conditions(shape), TO_DO, free, review.c.id != bindparam("done")]
    where += [report.c.held == "", report_version.c.state == "current"]
    order = ORDERS[shape.sort]
    beyond = [order.beyond()] if onward else []
    return select(review.c.report_id).select_from(TABLES).where(*where, *beyond).order_by(*order.by()).limit(1)


_LAST_CHANGE = select(func.max(audit.c.id))


def last_change(connection: Connection) -> int:
    """The newest audit row: every change of a review has one."""
    return int(connection.scalar(_LAST_CHANGE) or 0)


def export(connection: Connection, wanted: Filter, limit: int) -> Sequence[RowMapping]:
    """The whole list under a filter, up to a limit."""
    return _rows(connection, wanted, "all", None, limit)
