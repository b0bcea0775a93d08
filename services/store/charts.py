"""The figures behind the charts. Every query is of one site and a span of days."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, Select, and_, case, exists, func, select
from sqlalchemy.sql.elements import ColumnElement, Extract

from services.domain.figures import DayOfReviewing, DayOfTurnaround, Decided, Tenth, Waiting
from services.domain.words import REVIEW_TO_DO
from services.store.clock import NOW, ahead
from services.store.rows import every
from services.store.tables import analysis, review, suggestion

DECIDED = ("approved", "edited", "rejected")
DAY = 86400
BINS = 10


@dataclass(frozen=True, slots=True)
class Span:
    """What is counted: a site, the last `days`, and a finding, an engine or a model where one is chosen.

    An engine is an entry in engines.yaml and may come to ask another model; `model` is which one read. The rules have
    none: their version stands for it.
    """

    site: str
    days: int = 30
    finding: str = ""
    engine: str = ""
    model: str = ""


_ENGINE = analysis.c.engine["name"].astext
_MODEL = func.coalesce(func.nullif(analysis.c.engine["model"].astext, ""), analysis.c.engine["version"].astext)


def queue(connection: Connection, span: Span) -> list[Waiting]:
    """Reports that wait now: priority, how long (under 1 h, 1 to 4 h, over 4 h), count."""
    hours = func.extract("epoch", NOW - review.c.created_at) / 3600
    wait = case((hours < 1, 0), (hours < 4, 1), else_=2).label("wait")
    query = select(review.c.priority, wait, func.count().label("count"))
    query = query.where(review.c.site_id == span.site, review.c.state.in_(REVIEW_TO_DO), *_about(span))
    query = query.where(review.c.signature_at.is_(None))
    return every(Waiting, connection.execute(query.group_by(review.c.priority, wait).order_by(review.c.priority, wait)))


def turnaround(connection: Connection, span: Span) -> list[DayOfTurnaround]:
    """By day of signature: minutes from reading to Sign (median, p90), count."""
    minutes = func.extract("epoch", review.c.signed_at - review.c.created_at) / 60
    query = _signed_by_day(span, _middle(minutes).label("median"), _middle(minutes, 0.9).label("p90"))
    return every(DayOfTurnaround, connection.execute(query))


def reviewing(connection: Connection, span: Span) -> list[DayOfReviewing]:
    """By day of signature: median seconds from opening to the first decision and to Sign, count."""
    sign = func.extract("epoch", review.c.signed_at - review.c.opened_at)
    # Where there was nothing to decide, the signature is the first thing done.
    first = func.extract("epoch", func.coalesce(review.c.first_action_at, review.c.signed_at) - review.c.opened_at)
    query = _signed_by_day(span, _middle(first).label("first_action"), _middle(sign).label("sign"))
    return every(DayOfReviewing, connection.execute(query.where(review.c.opened_at.is_not(None))))


_DAY = func.date_trunc("day", review.c.signed_at).label("day")


Seconds = ColumnElement[float | Decimal] | Extract


def _middle(value: Seconds, share: float = 0.5) -> ColumnElement[float]:
    return func.percentile_cont(share).within_group(value)


def _signed_by_day(span: Span, *columns: ColumnElement[float]) -> Select[tuple[object, ...]]:
    since = review.c.signed_at >= ahead(-span.days * DAY)
    query = select(_DAY, *columns, func.count().label("count")).where(review.c.site_id == span.site, since)
    return query.where(*_about(span)).group_by(_DAY).order_by(_DAY)


def _about(span: Span) -> list[ColumnElement[bool]]:
    """Reviews whose version has the chosen finding, or was read by the chosen engine and model."""
    chosen: list[ColumnElement[bool]] = []
    if span.finding:
        same = and_(suggestion.c.version_id == review.c.version_id, suggestion.c.finding_id == span.finding)
        chosen.append(exists().where(same))
    if span.engine or span.model:
        shown = and_(analysis.c.version_id == review.c.version_id, analysis.c.shadow.is_(False))
        chosen.append(exists().where(shown, *_read_by(span)))
    return chosen


def _read_by(span: Span) -> list[ColumnElement[bool]]:
    """Analyses by the chosen engine and model."""
    wanted = ((_ENGINE, span.engine), (_MODEL, span.model))
    return [column == value for column, value in wanted if value]


def _decided(span: Span) -> ColumnElement[bool]:
    """Suggestions of a reader that a radiologist has signed off on within the span."""
    chosen = [
        suggestion.c.site_id == span.site,
        suggestion.c.origin == "ai",
        suggestion.c.state.in_(DECIDED),
        suggestion.c.decided_at >= ahead(-span.days * DAY),
    ]
    if span.finding:
        chosen.append(suggestion.c.finding_id == span.finding)
    if span.engine or span.model:
        chosen.append(exists().where(analysis.c.id == suggestion.c.analysis_id, *_read_by(span)))
    return and_(*chosen)


def _tally(*states: str) -> ColumnElement[int]:
    return func.count().filter(suggestion.c.state.in_(states))


def outcomes(connection: Connection, span: Span, limit: int = 20) -> list[Decided]:
    """By finding: how many were approved, edited, rejected; the most frequent first."""
    name = func.max(suggestion.c.finding["name"].astext).label("name")
    query = (
        select(
            suggestion.c.finding_id,
            name,
            _tally("approved").label("approved"),
            _tally("edited").label("edited"),
            _tally("rejected").label("rejected"),
            func.count().label("count"),
        )
        .where(_decided(span))
        .group_by(suggestion.c.finding_id)
        .order_by(func.count().desc(), suggestion.c.finding_id)
        .limit(limit)
    )
    return every(Decided, connection.execute(query))


def agreement(connection: Connection, span: Span) -> list[Tenth]:
    """By tenth of vote share: mean share, approvals, count. Readings without votes are left out."""
    tenth = func.least(func.floor(suggestion.c.confidence * BINS), BINS - 1).label("tenth")
    query = (
        select(
            tenth,
            func.avg(suggestion.c.confidence).label("confidence"),
            _tally("approved").label("approved"),
            func.count().label("count"),
        )
        .where(_decided(span), suggestion.c.confidence.is_not(None))
        .group_by(tenth)
        .order_by(tenth)
    )
    return every(Tenth, connection.execute(query))


def disagreement(connection: Connection, span: Span, limit: int = 20) -> list[Decided]:
    """By finding: suggestions the rules disagree with, what became of them, and how many there were in all."""
    said = func.coalesce(suggestion.c.suggested_status, suggestion.c.status)
    against = and_(suggestion.c.conflict, suggestion.c.rules_status.is_distinct_from(said))
    name = func.max(suggestion.c.finding["name"].astext).label("name")
    conflicts = func.count().filter(against)
    query = (
        select(
            suggestion.c.finding_id,
            name,
            func.count().filter(against, suggestion.c.state == "approved").label("approved"),
            func.count().filter(against, suggestion.c.state == "edited").label("edited"),
            func.count().filter(against, suggestion.c.state == "rejected").label("rejected"),
            conflicts.label("conflicts"),
            func.count().label("count"),
        )
        .where(_decided(span))
        .group_by(suggestion.c.finding_id)
        .having(conflicts > 0)
        .order_by(conflicts.desc(), suggestion.c.finding_id)
        .limit(limit)
    )
    return every(Decided, connection.execute(query))


def engines(connection: Connection, site: str) -> list[str]:
    """Engines whose readings reviewers have seen."""
    return list(readers(connection, site))


def readers(connection: Connection, site: str) -> dict[str, list[str]]:
    """The models that read for reviewers, by engine; of the rules, their versions."""
    query = select(_ENGINE, _MODEL).where(analysis.c.site_id == site, analysis.c.shadow.is_(False)).distinct()
    found: dict[str, list[str]] = {}
    for name, model in sorted((row[0], row[1] or "") for row in connection.execute(query) if row[0]):
        found.setdefault(name, []).append(model)
    return found
