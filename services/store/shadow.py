"""Readings of the shadow engine beside those reviewers saw, of reports that are signed."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from services.domain.figures import ShadowPair
from services.domain.reports import Suggestion
from services.store.charts import DAY
from services.store.clock import ahead
from services.store.rows import every
from services.store.tables import analysis, job, review, suggestion

first, second = analysis.alias("first"), analysis.alias("second")


def pairs(
    connection: Connection, site: str, engine: str, days: int, limit: int
) -> Iterator[tuple[ShadowPair, list[Suggestion]]]:
    """The newest signed reports an engine read in the shadow, with what became of each suggestion."""
    newest = func.max(second.c.id).label("second"), func.max(first.c.id).label("first")
    both = (
        select(review.c.version_id, *newest)
        .join(second, (second.c.version_id == review.c.version_id) & second.c.shadow)
        .join(first, (first.c.version_id == review.c.version_id) & ~first.c.shadow)
        .where(
            review.c.site_id == site,
            review.c.state == "signed",
            review.c.signed_at >= ahead(-days * DAY),
            second.c.engine["name"].astext == engine,
        )
        .group_by(review.c.version_id)
        .order_by(review.c.version_id.desc())
        .limit(limit)
        .subquery()
    )
    columns = (
        both.c.version_id,
        first.c.engine,
        first.c.verdicts,
        first.c.usage,
        second.c.verdicts.label("shadow_verdicts"),
        second.c.usage.label("shadow_usage"),
        second.c.failed.label("shadow_failed"),
    )
    query = select(*columns).select_from(
        both.join(first, first.c.id == both.c.first).join(second, second.c.id == both.c.second)
    )
    for row in every(ShadowPair, connection.execute(query)):
        settled = select(suggestion).where(
            suggestion.c.version_id == row.version_id, suggestion.c.state.in_(("approved", "edited", "rejected"))
        )
        yield row, every(Suggestion, connection.execute(settled))


def engines(connection: Connection, site: str) -> list[str]:
    """Engines that have read in the shadow."""
    name = analysis.c.engine["name"].astext
    query = select(name).where(analysis.c.site_id == site, analysis.c.shadow).distinct()
    return sorted(found for found in connection.execute(query).scalars() if found)


def waiting(connection: Connection, site: str) -> dict[str, int]:
    """Shadow readings by state of their jobs."""
    query = select(job.c.state, func.count()).where(job.c.site_id == site, job.c.shadow).group_by(job.c.state)
    return {row[0]: row[1] for row in connection.execute(query.order_by(job.c.state))}
