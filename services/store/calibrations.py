"""Queries on calibrations: versions of curves, of which the newest not retired is applied to new suggestions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select, text, update

from services.domain.figures import Calibration, Sample
from services.domain.reports import Json
from services.reading.agreement import Curve
from services.store.clock import NOW
from services.store.rows import Values, every
from services.store.tables import calibration

# What an engine suggested by votes, and whether the second reader, who saw neither it nor the decision, said the same.
_SAMPLES = text("""
    SELECT analysis.engine ->> 'name' AS engine, coalesce(analysis.engine ->> 'model', '') AS model,
        suggestion.finding_id, suggestion.confidence,
        coalesce(suggestion.suggested_status, suggestion.status) = answer.status AS agreed
    FROM second_reading AS reading
    JOIN second_answer AS answer ON answer.second_reading_id = reading.id
    JOIN suggestion ON suggestion.version_id = reading.version_id AND suggestion.finding_id = answer.finding_id
        AND suggestion.origin = 'ai' AND suggestion.confidence IS NOT NULL
        AND suggestion.state IN ('approved', 'edited', 'rejected')
    JOIN analysis ON analysis.id = suggestion.analysis_id
    WHERE reading.site_id = :site AND reading.state = 'done'
        AND reading.finished_at >= now() - make_interval(days => :days)
    ORDER BY suggestion.id
""")


def samples(connection: Connection, site: str, days: int) -> list[Sample]:
    """What curves are fitted on: engine, model, finding_id, confidence (vote share), agreed."""
    return every(Sample, connection.execute(_SAMPLES, {"site": site, "days": days}))


def active(connection: Connection, site: str, engine: Json) -> dict[str, Curve]:
    """The curves in use for an engine (its `name` and `model`), by finding id; "" serves the others."""
    query = select(calibration.c.finding_id, calibration.c.id, calibration.c.points).where(
        calibration.c.site_id == site,
        calibration.c.engine == engine.get("name", ""),
        calibration.c.model == engine.get("model", ""),
        calibration.c.retired_at.is_(None),
    )
    return {row.finding_id: Curve(id=row.id, points=row.points) for row in connection.execute(query)}


def put(connection: Connection, site: str, rows: Sequence[Values]) -> int:
    """Stores a fit's curves as the next version and retires those of the same engines and models; its number."""
    latest = select(func.coalesce(func.max(calibration.c.version), 0)).where(calibration.c.site_id == site)
    number = int(connection.execute(latest).scalar_one()) + 1
    for engine, model in {(str(row["engine"]), str(row["model"])) for row in rows}:
        retire(connection, site, engine, model)
    connection.execute(insert(calibration), [{"site_id": site, "version": number, **row} for row in rows])
    return number


def retire(connection: Connection, site: str, engine: str, model: str) -> int:
    """Takes an engine's curves out of use; how many. Suggestions that have a figure keep it."""
    mine = (calibration.c.site_id == site, calibration.c.engine == engine, calibration.c.model == model)
    statement = update(calibration).where(*mine, calibration.c.retired_at.is_(None))
    return connection.execute(statement.values(retired_at=NOW)).rowcount


def all_of_them(connection: Connection, site: str) -> list[Calibration]:
    """Every curve of a site, the newest version first."""
    query = select(calibration).where(calibration.c.site_id == site)
    order = (calibration.c.version.desc(), calibration.c.engine, calibration.c.finding_id)
    return every(Calibration, connection.execute(query.order_by(*order)))
