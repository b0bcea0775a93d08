"""Queries on what was on whose screen: suggestions opened, their words, the report and its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.store.clock import NOW
from services.store.tables import opening, review, showing

OPENED = select(opening.c.suggestion_id, opening.c.opened_at, opening.c.evidence_at).where(
    opening.c.review_id == bindparam("review"), opening.c.account_id == bindparam("account")
)


def opened(connection: Connection, review_id: int, account_id: int) -> dict[int, datetime]:
    """Which suggestions a person has had open, and since when."""
    rows = connection.execute(OPENED, {"review": review_id, "account": account_id})
    return {row.suggestion_id: row.opened_at for row in rows}


_OPEN = pg_insert(opening).on_conflict_do_nothing()


def open_suggestion(connection: Connection, site: str, review_id: int, suggestion_id: int, account_id: int) -> bool:
    """Notes that a suggestion is on a person's screen; whether this was the first time."""
    values = {"site_id": site, "review_id": review_id, "suggestion_id": suggestion_id, "account_id": account_id}
    return connection.execute(_OPEN, values).rowcount == 1


_SEE_EVIDENCE = (
    update(opening)
    .where(
        opening.c.review_id == bindparam("review"),
        opening.c.account_id == bindparam("account"),
        opening.c.suggestion_id == func.any(bindparam("suggestions", type_=ARRAY(BigInteger))),
        opening.c.evidence_at.is_(None),
    )
    .values(evidence_at=NOW)
)


def see_evidence(connection: Connection, review_id: int, account_id: int, suggestion_ids: Sequence[int]) -> None:
    """Notes that the words opened suggestions rest on were on a person's screen."""
    values = {"review": review_id, "account": account_id, "suggestions": list(suggestion_ids)}
    connection.execute(_SEE_EVIDENCE, values)


def _show() -> Insert:
    statement = pg_insert(showing)
    same = showing.c.version_id == statement.excluded.version_id
    ended = case((same, showing.c.ended_at), else_=None)
    fresh = {"version_id": statement.excluded.version_id, "shown_at": NOW, "ended_at": ended}
    return statement.on_conflict_do_update(index_elements=["review_id", "account_id"], set_=fresh)


_SHOW = _show()


def show(connection: Connection, site: str, review_id: int, version_id: int, account_id: int) -> None:
    """Notes that a version stands on a person's screen from now on; that they saw its end before is kept."""
    values = {"site_id": site, "review_id": review_id, "version_id": version_id, "account_id": account_id}
    connection.execute(_SHOW, values)


_SEE_END = (
    update(showing)
    .where(showing.c.review_id == bindparam("review"), showing.c.account_id == bindparam("account"))
    .where(showing.c.ended_at.is_(None))
    .values(ended_at=NOW)
)


def see_end(connection: Connection, review_id: int, account_id: int) -> None:
    """Notes that the end of the version on a person's screen was on it."""
    connection.execute(_SEE_END, {"review": review_id, "account": account_id})


def disarm(connection: Connection, report_id: int) -> None:
    """What is on screens is not what is to be signed any more: it has to be shown again before anybody signs."""
    mine = select(review.c.id).where(review.c.report_id == report_id).scalar_subquery()
    connection.execute(delete(showing).where(showing.c.review_id == mine))


SHOWING = select(
    showing.c.version_id,
    func.extract("epoch", NOW - showing.c.shown_at).label("seconds"),
    showing.c.ended_at.is_not(None).label("ended"),
).where(showing.c.review_id == bindparam("review"), showing.c.account_id == bindparam("account"))
