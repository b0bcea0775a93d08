"""The worklist's query: filter, sort, search, count, and which report comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement

from services.domain.words import ReadingState, ReviewState, VersionState
from services.store.clock import NOW
from services.store.list_filter import TO_DO, Asked, Filter, ask, conditions
from services.store.rows import Values, every
from services.store.tables import account, analysis, audit, notice, report, report_version, review

Way = Literal["all", "on", "back"]
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReport:
    """A row of the list. `waiting`: seconds; `revision` and the counts are of its review; `held` says why it is."""

    report_id: int
    priority: int
    state: ReviewState
    patient_id: str
    patient_name: str
    accession: str
    procedure: str
    modality: str
    observed_at: datetime | None
    created_at: datetime
    signed_at: datetime | None
    suggestions: int
    critical: int
    conflicts: int
    unsupported: int
    reading_state: ReadingState
    id: int
    revision: int
    signature_at: datetime | None
    processing: str
    body_site: str
    held: str
    version_state: VersionState
    report_status: str
    waiting: float
    claimer: str | None
    claim_live: bool
    claimed_by: int | None


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
    review.c.signature_at,
    review.c.created_at,
    report.c.patient_name,
    report.c.patient_id,
    report.c.accession,
    report.c.procedure,
    report.c.modality,
    report.c.processing,
    report.c.body_site,
    report.c.observed_at,
    report.c.held,
    report_version.c.state.label("version_state"),
    report_version.c.status.label("report_status"),
    report_version.c.reading_state,
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

    def by(self, backwards: bool = False) -> list[ColumnElement[object]]:
        """ORDER BY."""
        down = self.descending != backwards
        return [column.desc() if down else column.asc() for column in self.columns]

    def beyond(self, backwards: bool = False) -> ColumnElement[bool]:
        """Rows further down than the place `at(place)`, further up where `backwards`."""
        here = tuple_(*[bindparam(f"at_{index}", type_=column.type) for index, column in enumerate(self.columns)])
        down = self.descending != backwards
        return tuple_(*self.columns) < here if down else tuple_(*self.columns) > here

    @staticmethod
    def at(place: Sequence[object] | None) -> Values:
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
MY_LAST_SIGNED = Order((func.coalesce(review.c.signature_at, review.c.signed_at), review.c.id), descending=True)


def order_of(wanted: Filter) -> Order:
    """What is signed is not urgent any more: there the last signature comes first, and of all reports the newest."""
    settled: dict[str, Order] = {"recent": MY_LAST_SIGNED, "signed": LAST_SIGNED, "all": ORDERS["newest"]}
    return settled.get(wanted.show, ORDERS["urgent"]) if wanted.sort == "urgent" else ORDERS[wanted.sort]


@dataclass(frozen=True, slots=True)
class Page:
    """At most PAGE rows, and whether there are others before and after them."""

    rows: list[ListedReport]
    earlier: bool
    later: bool


def page(connection: Connection, wanted: Asked, after: int | None = None, before: int | None = None) -> Page:
    """The page that follows the review `after`, or ends before the review `before`; the first where both are None.

    A page is found by where its neighbour stands and not by counting, so that the hundredth costs what the first does
    and nothing is skipped while others sign.
    """
    order, backwards = order_of(wanted.shape), before is not None
    place = _place(connection, order, before if backwards else after)
    way: Way = "all" if place is None else "back" if backwards else "on"
    rows = _rows(connection, wanted, way, place, PAGE + 1)
    further, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        return Page(rows[::-1], earlier=further, later=place is not None)
    return Page(rows, earlier=place is not None, later=further)


def _rows(
    connection: Connection, wanted: Asked, way: Way, place: Sequence[object] | None, limit: int
) -> list[ListedReport]:
    values = {**wanted.values, **Order.at(place), "most": limit}
    return every(ListedReport, connection.execute(_listing(wanted.shape, way), values))


@lru_cache(maxsize=256)
def _listing(shape: Filter, way: Way) -> Select[tuple[object, ...]]:
    """Which reviews they are is settled first, in the narrow tables; only those are joined with what is shown."""
    order = order_of(shape)
    beyond = [] if way == "all" else [order.beyond(way == "back")]
    chosen = select(review.c.id).select_from(REVIEWS).where(*conditions(shape), *beyond)
    by = order.by(way == "back")
    ids = chosen.order_by(*by).limit(bindparam("most")).scalar_subquery()
    return select(*COLUMNS).select_from(TABLES).where(review.c.id.in_(ids)).order_by(*by)


@cache
def _standing(order: Order) -> Select[tuple[object, ...]]:
    return select(*order.columns).select_from(TABLES).where(review.c.id == bindparam("review"))


def _place(connection: Connection, order: Order, review_id: int | None) -> Sequence[object] | None:
    """Where a review stands in an order; None for one that has no place in it."""
    if review_id is None:
        return None
    row = connection.execute(_standing(order), {"review": review_id}).one_or_none()
    return None if row is None or None in row else row


def following(connection: Connection, wanted: Filter, account_id: int, done: int, onward: bool) -> int | None:
    """The report that comes next in the list for a person, none that somebody else has open.

    From the top once `done` is signed, since something more urgent may have come; `onward` from there on down.
    """
    found = ask(connection, wanted)
    shape, values = found.shape, {**found.values, "account": account_id, "done": done}
    place = _place(connection, ORDERS[wanted.sort], done) if onward else None
    below = connection.scalar(_following(shape, onward=True), values | Order.at(place)) if place else None
    next_one = connection.scalar(_following(shape, onward=False), values) if below is None else below
    return None if next_one is None else int(next_one)


@lru_cache(maxsize=256)
def _following(shape: Filter, *, onward: bool) -> Select[int]:
    mine = review.c.claimed_by == bindparam("account")
    free = or_(review.c.claimed_by.is_(None), review.c.claimed_until < NOW, mine)
    where = [*conditions(shape), TO_DO, free, review.c.id != bindparam("done")]
    where += [report.c.held == "", report_version.c.state == "current"]
    order = ORDERS[shape.sort]
    beyond = [order.beyond()] if onward else []
    return select(review.c.report_id).select_from(TABLES).where(*where, *beyond).order_by(*order.by()).limit(1)


# A change of a review has an audit row, a correction a version, a reading an analysis, a retraction a notice.
_NEWEST = [
    select(func.coalesce(func.max(each.c.id), 0)).scalar_subquery()
    for each in (audit, report_version, analysis, notice)
]
_LAST_CHANGE = select(_NEWEST[0] + _NEWEST[1] + _NEWEST[2] + _NEWEST[3])


def last_change(connection: Connection) -> int:
    """A number that grows with all that a list or an open report shows."""
    return int(connection.scalar(_LAST_CHANGE) or 0)


def export(connection: Connection, wanted: Filter, limit: int) -> list[ListedReport]:
    """The whole list under a filter, up to a limit."""
    return _rows(connection, ask(connection, wanted), "all", None, limit)
