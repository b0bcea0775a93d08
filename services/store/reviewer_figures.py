"""What reviewers made of suggestions, summed by finding, engine and week; the raw sums behind every figure."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Connection, and_, cast, func, select
from sqlalchemy.types import Date

from services.domain.figures import AddedInWeek, DecidedInWeek, WeekOfRatings, WeekOfTimes
from services.store.charts import DAY, DECIDED, Span
from services.store.clock import ahead
from services.store.rows import every
from services.store.tables import analysis, draft, rating, review, suggestion

ENGINE = func.coalesce(analysis.c.engine["name"].astext, "").label("engine")
MODEL = func.coalesce(analysis.c.engine["model"].astext, "").label("model")
_NAME = func.max(suggestion.c.finding["name"].astext).label("name")
# The reading reviewers saw last: it is what a finding added by hand was missing from.
_SHOWN = (
    select(func.max(analysis.c.id))
    .where(analysis.c.version_id == review.c.version_id, analysis.c.shadow.is_(False))
    .correlate(review)
    .scalar_subquery()
)


def week(moment: ColumnElement[object]) -> ColumnElement[date]:
    """The Monday of a moment's week (UTC)."""
    return cast(func.date_trunc("week", moment, "UTC"), Date).label("week")


def decisions(connection: Connection, span: Span) -> list[DecidedInWeek]:
    """By finding, engine, model, week and decision: finding_id, name, state, suggested, status, reason, count, seconds.

    `suggested` and `status`: before and after; `seconds`: median from opening a finding to deciding it.
    """
    suggested = func.coalesce(suggestion.c.suggested_status, suggestion.c.status).label("suggested")
    decided = week(suggestion.c.decided_at)
    groups = (
        suggestion.c.finding_id, ENGINE, MODEL, decided, suggestion.c.state, suggested, suggestion.c.status,
        suggestion.c.reason,
    )  # fmt: skip
    took = func.extract("epoch", draft.c.decided_at - draft.c.opened_at)
    seconds = func.percentile_cont(0.5).within_group(took).label("seconds")
    tables = suggestion.join(analysis, analysis.c.id == suggestion.c.analysis_id)
    tables = tables.outerjoin(draft, draft.c.suggestion_id == suggestion.c.id)
    where = and_(suggestion.c.origin == "ai", suggestion.c.state.in_(DECIDED), *_within(suggestion.c.decided_at, span))
    query = select(*groups, _NAME, func.count().label("count"), seconds).select_from(tables).where(where)
    return every(DecidedInWeek, connection.execute(query.group_by(*groups)))


def added(connection: Connection, span: Span) -> list[AddedInWeek]:
    """By finding, engine, model and week: findings reviewers put in by hand (finding_id, name, count)."""
    decided = week(suggestion.c.decided_at)
    groups = (suggestion.c.finding_id, ENGINE, MODEL, decided)
    tables = suggestion.join(review, review.c.version_id == suggestion.c.version_id)
    tables = tables.outerjoin(analysis, analysis.c.id == _SHOWN)
    where = and_(
        suggestion.c.origin == "human", suggestion.c.state == "approved", *_within(suggestion.c.decided_at, span)
    )
    query = select(*groups, _NAME, func.count().label("count")).select_from(tables).where(where)
    return every(AddedInWeek, connection.execute(query.group_by(*groups)))


def _within(moment: ColumnElement[object], span: Span) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [suggestion.c.site_id == span.site, moment >= ahead(-span.days * DAY)]
    if span.finding:
        chosen.append(suggestion.c.finding_id == span.finding)
    if span.engine:
        chosen.append(analysis.c.engine["name"].astext == span.engine)
    return chosen


def times(connection: Connection, span: Span) -> list[WeekOfTimes]:
    """By engine, model and week: reports signed, seconds from open to first action and to Sign (median, p90)."""
    signed = week(review.c.signed_at)
    groups = (ENGINE, MODEL, signed)
    to_sign = func.extract("epoch", review.c.signed_at - review.c.opened_at)
    to_act = func.extract("epoch", review.c.first_action_at - review.c.opened_at)
    query = (
        select(
            *groups,
            func.count().label("count"),
            func.percentile_cont(0.5).within_group(to_act).label("first"),
            func.percentile_cont(0.5).within_group(to_sign).label("median"),
            func.percentile_cont(0.9).within_group(to_sign).label("p90"),
            func.count().filter(review.c.reasoning_opened_at.is_not(None)).label("reasoning"),
        )
        .select_from(review.outerjoin(analysis, analysis.c.id == _SHOWN))
        .where(review.c.site_id == span.site, review.c.state == "signed", review.c.signed_at >= ahead(-span.days * DAY))
    )
    if span.engine:
        query = query.where(analysis.c.engine["name"].astext == span.engine)
    return every(WeekOfTimes, connection.execute(query.group_by(*groups).order_by(signed, ENGINE, MODEL)))


def ratings(connection: Connection, span: Span) -> list[WeekOfRatings]:
    """QUEST by item, engine, model and week: how many, and the mean of 1 to 5."""
    engine = func.coalesce(rating.c.engine["name"].astext, "").label("engine")
    model = func.coalesce(rating.c.engine["model"].astext, "").label("model")
    given = week(rating.c.created_at)
    groups = (rating.c.item, engine, model, given)
    query = select(*groups, func.count().label("count"), func.avg(rating.c.value).label("mean"))
    query = query.where(rating.c.site_id == span.site, rating.c.created_at >= ahead(-span.days * DAY))
    if span.engine:
        query = query.where(rating.c.engine["name"].astext == span.engine)
    return every(
        WeekOfRatings, connection.execute(query.group_by(*groups).order_by(given, rating.c.item, engine, model))
    )


def versions_of(connection: Connection, site: str, engine: str) -> set[int]:
    """Versions whose reading reviewers saw was this engine's."""
    named = and_(analysis.c.site_id == site, analysis.c.engine["name"].astext == engine, analysis.c.shadow.is_(False))
    return set(connection.execute(select(analysis.c.version_id).where(named)).scalars())
