"""Queries on reviews: who has them open, what is drafted, what was opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.store.jobs import NOW, ahead
from services.store.tables import account, draft, opening, report, report_version, review, suggestion
from services.store.tables.review import OPEN

claimer = account.alias("claimer")


_LOCKED = (
    select(
        *review.c,
        claimer.c.name.label("claimer"),
        and_(review.c.claimed_by.is_not(None), review.c.claimed_until > NOW).label("claim_live"),
        report_version.c.state.label("version_state"),
        report_version.c.content_hash,
        report.c.held,
        report.c.key,
    )
    .select_from(
        review.join(report, report.c.id == review.c.report_id)
        .join(report_version, report_version.c.id == review.c.version_id)
        .outerjoin(claimer, claimer.c.id == review.c.claimed_by)
    )
    .where(review.c.id == bindparam("review"))
    .with_for_update(of=review)
)


def locked(connection: Connection, review_id: int) -> RowMapping | None:
    """A review with its report's and version's standing, locked until the transaction ends.

    Beside the review's columns: claimer (name, None where free), claim_live, version_state, held, key,
    content_hash and site of the report.
    """
    return connection.execute(_LOCKED, {"review": review_id}).mappings().one_or_none()


def id_of_report(connection: Connection, report_id: int) -> int | None:
    """The review of a report."""
    return connection.scalar(select(review.c.id).where(review.c.report_id == report_id))


def count_flags(connection: Connection, report_id: int) -> None:
    """Brings a review's counts in line with its version's suggestions; to be called when those change."""
    mine = and_(suggestion.c.version_id == review.c.version_id, suggestion.c.state != "withdrawn")

    def number(*condition: Any) -> Any:
        return select(func.count()).where(mine, *condition).scalar_subquery()

    values = {
        "suggestions": number(),
        "critical": number(suggestion.c.critical, suggestion.c.status == "present"),
        "conflicts": number(suggestion.c.conflict),
        "unsupported": number(suggestion.c.unsupported),
    }
    connection.execute(update(review).where(review.c.report_id == report_id).values(**values))


def claim(connection: Connection, review_id: int, account_id: int, seconds: float) -> None:
    """Gives a review to a person for some seconds; the caller has checked that they may have it."""
    values = {
        "state": "claimed",
        "claimed_by": account_id,
        "claimed_until": ahead(seconds),
        "opened_at": func.coalesce(review.c.opened_at, NOW),
    }
    connection.execute(update(review).where(review.c.id == review_id).values(**values))


def release(connection: Connection, review_id: int) -> None:
    """Takes the claim off; a review that was signed before is reopened again, not open."""
    state = case((review.c.signed_at.is_not(None), "reopened"), else_="open")
    values = {"state": state, "claimed_by": None, "claimed_until": None}
    connection.execute(update(review).where(review.c.id == review_id, review.c.state == "claimed").values(**values))


def advance(connection: Connection, review_id: int, **values: Any) -> int:
    """Writes values and makes every older revision stale; the new revision."""
    statement = update(review).where(review.c.id == review_id)
    statement = statement.values(revision=review.c.revision + 1, **values)
    return int(connection.execute(statement.returning(review.c.revision)).scalar_one())


def touch(connection: Connection, review_id: int, column: str) -> None:
    """Sets a time once: first_action_at, reasoning_opened_at."""
    where = and_(review.c.id == review_id, review.c[column].is_(None))
    connection.execute(update(review).where(where).values({column: NOW}))


_SUGGESTIONS = (
    select(suggestion)
    .where(suggestion.c.version_id == bindparam("version"), suggestion.c.state != "withdrawn")
    .order_by(suggestion.c.position, suggestion.c.id)
)


def suggestions(connection: Connection, version_id: int) -> Sequence[RowMapping]:
    """What a version suggests, in catalogue order, withdrawn ones left out."""
    return connection.execute(_SUGGESTIONS, {"version": version_id}).mappings().all()


def signed_elsewhere(connection: Connection, report_id: int, version_id: int) -> Sequence[RowMapping]:
    """Findings that stand signed under another version of the report."""
    where = and_(
        suggestion.c.report_id == report_id,
        suggestion.c.version_id != version_id,
        suggestion.c.state.in_(("approved", "edited")),
    )
    return connection.execute(select(suggestion).where(where).order_by(suggestion.c.id)).mappings().all()


def set_suggestion(connection: Connection, suggestion_id: int, **values: Any) -> None:
    """Writes values of a suggestion."""
    connection.execute(update(suggestion).where(suggestion.c.id == suggestion_id).values(**values))


def put_human(connection: Connection, **values: Any) -> int:
    """A finding a person added, made or brought up to date; its id."""
    statement = pg_insert(suggestion).values(origin="human", **values)
    fresh = {name: statement.excluded[name] for name in values if name not in ("version_id", "identifier")}
    statement = statement.on_conflict_do_update(index_elements=["version_id", "identifier"], set_=fresh)
    return int(connection.execute(statement.returning(suggestion.c.id)).scalar_one())


_DRAFTS = (
    select(*draft.c, account.c.name)
    .join(account, account.c.id == draft.c.account_id)
    .where(draft.c.review_id == bindparam("review"))
    .order_by(draft.c.id)
)


def drafts(connection: Connection, review_id: int) -> Sequence[RowMapping]:
    """All drafts of a review with the name of who decided, oldest first."""
    return connection.execute(_DRAFTS, {"review": review_id}).mappings().all()


def put_draft(connection: Connection, **values: Any) -> int:
    """Stores a decision over an earlier one on the same suggestion; its id."""
    statement = pg_insert(draft).values(**values)
    fresh = {name: statement.excluded[name] for name in values if name not in ("review_id", "suggestion_id")}
    statement = statement.on_conflict_do_update(
        index_elements=["review_id", "suggestion_id"], set_={**fresh, "decided_at": NOW}
    )
    return int(connection.execute(statement.returning(draft.c.id)).scalar_one())


def drop_draft(connection: Connection, review_id: int, draft_id: int) -> RowMapping | None:
    """Takes a decision back; what it was, None where it is gone already."""
    statement = delete(draft).where(draft.c.id == draft_id, draft.c.review_id == review_id)
    return connection.execute(statement.returning(*draft.c)).mappings().one_or_none()


_OPENED = select(opening.c.suggestion_id, opening.c.opened_at).where(
    opening.c.review_id == bindparam("review"), opening.c.account_id == bindparam("account")
)


def opened(connection: Connection, review_id: int, account_id: int) -> dict[int, Any]:
    """Which suggestions a person has had open, and since when."""
    rows = connection.execute(_OPENED, {"review": review_id, "account": account_id})
    return {row.suggestion_id: row.opened_at for row in rows}


def open_suggestion(connection: Connection, site: str, review_id: int, suggestion_id: int, account_id: int) -> bool:
    """Notes that a suggestion is on a person's screen; whether this was the first time."""
    statement = pg_insert(opening).values(
        site_id=site, review_id=review_id, suggestion_id=suggestion_id, account_id=account_id
    )
    return connection.execute(statement.on_conflict_do_nothing()).rowcount == 1


def waiting(connection: Connection) -> Sequence[RowMapping]:
    """Reviews to do by state and priority: count, and the age in seconds of the oldest."""
    oldest = func.extract("epoch", NOW - func.min(review.c.created_at)).label("oldest")
    query = select(review.c.state, review.c.priority, func.count().label("count"), oldest)
    query = query.where(review.c.state.in_(OPEN))
    return connection.execute(query.group_by(review.c.state, review.c.priority)).mappings().all()
