"""The worklist's query: filter, sort, search, count, and which report comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, and_, exists, func, literal, or_, select, text, tuple_
from sqlalchemy.sql.elements import ColumnElement, TextClause

from services.store.jobs import NOW
from services.store.tables import account, audit, draft, report, report_version, review, suggestion
from services.store.tables.review import IS_OPEN

Show = Literal["todo", "mine", "signed", "all"]
Sort = Literal["urgent", "oldest", "newest", "patient", "disagreement"]
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

    def beyond(self, place: Sequence[Any], backwards: bool = False) -> ColumnElement[bool]:
        """Rows further down than a place, further up where `backwards`."""
        here = tuple_(*[literal(value, column.type) for value, column in zip(place, self.columns, strict=True)])
        down = self.descending != backwards
        return tuple_(*self.columns) < here if down else tuple_(*self.columns) > here


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
    beyond = [] if place is None else [order.beyond(place, backwards)]
    rows = _rows(connection, wanted, beyond, order.by(backwards), PAGE + 1)
    further, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        return Page(rows[::-1], earlier=further, later=place is not None)
    return Page(rows, earlier=place is not None, later=further)


def _rows(
    connection: Connection, wanted: Filter, more: Sequence[Condition], order: Sequence[Any], limit: int
) -> Sequence[RowMapping]:
    """Which reviews they are is settled first, in the narrow tables; only those are joined with what is shown."""
    chosen = select(review.c.id).select_from(REVIEWS).where(*conditions(wanted), *more).order_by(*order).limit(limit)
    shown = select(*COLUMNS).select_from(TABLES).where(review.c.id.in_(chosen.scalar_subquery()))
    return connection.execute(shown.order_by(*order)).mappings().all()


def _place(connection: Connection, order: Order, review_id: int | None) -> Sequence[Any] | None:
    """Where a review stands in an order; None for one that has no place in it."""
    query = select(*order.columns).select_from(TABLES).where(review.c.id == review_id)
    row = None if review_id is None else connection.execute(query).one_or_none()
    return None if row is None or None in row else row


def conditions(wanted: Filter) -> list[Condition]:
    """The WHERE of a filter."""
    chosen: list[Condition] = [review.c.site_id == wanted.site, report.c.site_id == wanted.site, *_shown(wanted)]
    if wanted.search:
        chosen.append(_found(wanted.site, wanted.search.strip()))
    if wanted.patient is not None:
        chosen += [report.c.patient_id == wanted.patient[0], report.c.patient_authority == wanted.patient[1]]
    if wanted.modality:
        chosen.append(report.c.modality == wanted.modality)
    if wanted.priority is not None:
        chosen.append(review.c.priority == wanted.priority)
    if wanted.flag:
        chosen.append(_flagged(wanted.flag))
    if wanted.finding:
        chosen.append(_suggested(wanted.finding))
    return chosen


def _shown(wanted: Filter) -> list[Condition]:
    mine: list[Condition] = [CLAIMED, review.c.claimed_by == wanted.account_id, review.c.claimed_until > NOW]
    shown: dict[Show, list[Condition]] = {"todo": [TO_DO], "mine": mine, "signed": [SIGNED], "all": []}
    return shown[wanted.show]


def _found(site: str, search: str) -> ColumnElement[bool]:
    """By index, before anything else is looked at; one letter is so common that going down the list is quicker."""
    columns = (report.c.patient_name, report.c.accession, report.c.patient_id)
    begins = or_(*[func.lower(column).startswith(search.lower(), autoescape=True) for column in columns])
    if len(search) == 1:
        return begins
    found = select(report.c.id).where(report.c.site_id == site, begins).cte("found").prefix_with("MATERIALIZED")
    return report.c.id.in_(select(found.c.id))


def _flagged(flag: Flag) -> ColumnElement[bool]:
    tests: dict[str, ColumnElement[bool]] = {
        "critical": review.c.critical > 0,
        "conflict": review.c.conflicts > 0,
        "unsupported": review.c.unsupported > 0,
        "reopened": and_(review.c.signed_at.is_not(None), review.c.state != "signed"),
        "none": review.c.suggestions == 0,
    }
    return tests[flag]


def _suggested(finding: str) -> ColumnElement[bool]:
    return exists().where(
        suggestion.c.version_id == review.c.version_id,
        suggestion.c.finding_id == finding,
        suggestion.c.state != "withdrawn",
    )


def chips(connection: Connection, review_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """What is suggested in each of these reviews: name, status, side, flags; in catalogue order."""
    columns = (
        review.c.id.label("review_id"),
        suggestion.c.finding["name"].astext.label("name"),
        suggestion.c.status,
        suggestion.c.side,
        suggestion.c.critical,
        suggestion.c.conflict,
        suggestion.c.unsupported,
    )
    query = (
        select(*columns)
        .join(review, review.c.version_id == suggestion.c.version_id)
        .where(review.c.id.in_(review_ids), suggestion.c.state.in_(("proposed", "approved", "edited")))
        .order_by(review.c.id, suggestion.c.critical.desc(), suggestion.c.position)
    )
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["review_id"], []).append(row)
    return found


def drafted(connection: Connection, review_ids: Sequence[int]) -> dict[int, int]:
    """How many decisions wait for a signature, by review."""
    query = select(draft.c.review_id, func.count()).where(draft.c.review_id.in_(review_ids))
    return {row[0]: row[1] for row in connection.execute(query.group_by(draft.c.review_id))}


def counts(connection: Connection, site: str) -> dict[str, int]:
    """What the header shows: stat, urgent, routine (to do), and signed today."""
    todo = select(review.c.priority, func.count()).where(review.c.site_id == site, TO_DO)
    by_priority = {row[0]: row[1] for row in connection.execute(todo.group_by(review.c.priority))}
    today = and_(review.c.site_id == site, SIGNED, review.c.signed_at >= func.date_trunc("day", NOW))
    signed = connection.scalar(select(func.count()).where(today)) or 0
    names = ("stat", "urgent", "routine")
    return {**{name: by_priority.get(index, 0) for index, name in enumerate(names)}, "signed": signed}


def following(connection: Connection, wanted: Filter, account_id: int, done: int, onward: bool) -> int | None:
    """The report that comes next in the list for a person, none that somebody else has open.

    From the top once `done` is signed, since something more urgent may have come; `onward` from there on down.
    """
    free = or_(review.c.claimed_by.is_(None), review.c.claimed_until < NOW, review.c.claimed_by == account_id)
    where = [*conditions(wanted), TO_DO, free, review.c.id != done]
    where += [report.c.held == "", report_version.c.state == "current"]
    order = ORDERS[wanted.sort]
    query = select(review.c.report_id).select_from(TABLES).where(*where).order_by(*order.by()).limit(1)
    place = _place(connection, order, done) if onward else None
    below = None if place is None else connection.scalar(query.where(order.beyond(place)))
    found = connection.scalar(query) if below is None else below
    return None if found is None else int(found)


# One step of the index for each modality: a DISTINCT would read every report.
_MODALITIES = text("""
    WITH RECURSIVE found AS (
        (SELECT modality FROM report WHERE site_id = :site ORDER BY modality LIMIT 1)
        UNION ALL
        SELECT (SELECT modality FROM report WHERE site_id = :site AND report.modality > found.modality
            ORDER BY modality LIMIT 1) FROM found WHERE found.modality IS NOT NULL
    )
    SELECT modality FROM found WHERE modality <> ''
""")


def modalities(connection: Connection, site: str) -> list[str]:
    """The modalities a site's list can be filtered by."""
    return list(connection.execute(_MODALITIES, {"site": site}).scalars())


def last_change(connection: Connection) -> int:
    """The newest audit row: every change of a review has one."""
    return int(connection.scalar(select(func.max(audit.c.id))) or 0)


def export(connection: Connection, wanted: Filter, limit: int) -> Sequence[RowMapping]:
    """The whole list under a filter, up to a limit."""
    return _rows(connection, wanted, [], order_of(wanted).by(), limit)
