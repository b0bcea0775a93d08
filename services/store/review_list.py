"""The worklist's query: filter, sort, search, count, and which report comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, and_, exists, func, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from services.store.jobs import NOW
from services.store.tables import account, audit, draft, report, report_version, review, suggestion

Show = Literal["todo", "mine", "signed", "all"]
Sort = Literal["urgent", "oldest", "newest", "patient", "disagreement"]
Flag = Literal["critical", "conflict", "unsupported", "reopened", "none"]
PAGE = 50
TODO = ("open", "claimed", "reopened")


@dataclass(frozen=True, slots=True)
class Filter:
    """What of a site's worklist is shown. Empty strings and None do not filter; `search` is a prefix."""

    site: str
    show: Show = "todo"
    sort: Sort = "urgent"
    search: str = ""
    modality: str = ""
    priority: int | None = None
    flag: Flag | None = None
    finding: str = ""
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
ORDER: dict[str, tuple[ColumnElement[Any], ...]] = {
    "urgent": (review.c.priority, review.c.created_at, review.c.id),
    "oldest": (review.c.created_at, review.c.id),
    "newest": (review.c.created_at.desc(), review.c.id.desc()),
    "patient": (report.c.patient_name, review.c.id),
    "disagreement": (review.c.conflicts.desc(), review.c.priority, review.c.created_at, review.c.id),
}


ASCENDING = ("urgent", "oldest", "patient")


def page(connection: Connection, wanted: Filter, number: int = 1) -> Sequence[RowMapping]:
    """One page of the list, PAGE rows and one more where there is a next page."""
    order = (review.c.signed_at.desc(),) if wanted.show == "signed" and wanted.sort == "urgent" else ORDER[wanted.sort]
    query = select(*COLUMNS).select_from(TABLES).where(*conditions(wanted)).order_by(*order)
    query = query.limit(PAGE + 1).offset((number - 1) * PAGE)
    return connection.execute(query).mappings().all()


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """The WHERE of a filter."""
    chosen = [review.c.site_id == wanted.site, *_shown(wanted)]
    if wanted.search:
        chosen.append(_found(wanted.search.strip()))
    if wanted.modality:
        chosen.append(report.c.modality == wanted.modality)
    if wanted.priority is not None:
        chosen.append(review.c.priority == wanted.priority)
    if wanted.flag:
        chosen.append(_flagged(wanted.flag))
    if wanted.finding:
        chosen.append(_suggested(wanted.finding))
    return chosen


def _shown(wanted: Filter) -> list[ColumnElement[bool]]:
    if wanted.show == "todo":
        return [review.c.state != "signed", review.c.state != "cancelled"]
    if wanted.show == "mine":
        return [review.c.state == "claimed", review.c.claimed_by == wanted.account_id, review.c.claimed_until > NOW]
    return [review.c.state == "signed"] if wanted.show == "signed" else []


def _found(search: str) -> ColumnElement[bool]:
    columns = (report.c.patient_name, report.c.accession, report.c.patient_id)
    return or_(*[func.lower(column).startswith(search.lower(), autoescape=True) for column in columns])


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
    todo = and_(review.c.site_id == site, review.c.state.in_(TODO))
    query = select(review.c.priority, func.count()).where(todo).group_by(review.c.priority)
    by_priority = {row[0]: row[1] for row in connection.execute(query)}
    today = and_(
        review.c.site_id == site, review.c.state == "signed", review.c.signed_at >= func.date_trunc("day", NOW)
    )
    signed = connection.scalar(select(func.count()).where(today)) or 0
    names = ("stat", "urgent", "routine")
    return {**{name: by_priority.get(index, 0) for index, name in enumerate(names)}, "signed": signed}


def following(connection: Connection, wanted: Filter, account_id: int, done: int, onward: bool) -> int | None:
    """The report that comes next in the list for a person, none that somebody else has open.

    From the top once `done` is signed, since something more urgent may have come; `onward` from there on down.
    """
    free = or_(review.c.claimed_by.is_(None), review.c.claimed_until < NOW, review.c.claimed_by == account_id)
    where = [*conditions(wanted), review.c.state.in_(TODO), free, review.c.id != done]
    where += [report.c.held == "", report_version.c.state == "current"]
    order = ORDER[wanted.sort]
    query = select(review.c.report_id).select_from(TABLES).where(*where).order_by(*order).limit(1)
    if onward and wanted.sort in ASCENDING:
        here = select(*order).select_from(TABLES).where(review.c.id == done)
        below = connection.scalar(query.where(tuple_(*order) > here.scalar_subquery()))
        if below is not None:
            return int(below)
    found = connection.scalar(query)
    return None if found is None else int(found)


def modalities(connection: Connection, site: str) -> list[str]:
    """The modalities a site's list can be filtered by."""
    query = select(report.c.modality).where(report.c.site_id == site, report.c.modality != "").distinct()
    return sorted(connection.execute(query).scalars())


def last_change(connection: Connection) -> int:
    """The newest audit row: every change of a review has one."""
    return int(connection.scalar(select(func.max(audit.c.id))) or 0)


def export(connection: Connection, wanted: Filter, limit: int) -> Sequence[RowMapping]:
    """The whole list under a filter, up to a limit."""
    query = select(*COLUMNS).select_from(TABLES).where(*conditions(wanted)).order_by(*ORDER[wanted.sort])
    return connection.execute(query.limit(limit)).mappings().all()
