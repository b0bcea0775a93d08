"""What came in and what reading it took, as the capacity planner wants it. Counts only, never text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

# The busiest calendar day of the span, by the time zone of the house.
_BUSIEST = text("""
    WITH came AS (
        SELECT created_at AT TIME ZONE :zone AS at, priority FROM report
        WHERE created_at > now() - make_interval(days => :days)
    ), day AS (SELECT at::date AS day FROM came GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)
    SELECT extract(hour FROM at)::int, priority, count(*) FROM came, day WHERE at::date = day.day GROUP BY 1, 2
""")
_SENDERS = text("""
    SELECT count(*) FROM job WHERE kind = 'analysis' AND created_at > now() - make_interval(days => :days)
    GROUP BY sender ORDER BY 1 DESC
""")
_TOKENS = text("""
    SELECT (usage ->> 'input_tokens')::int, (usage ->> 'cached_tokens')::int,
        (usage ->> 'reasoning_tokens')::int + (usage ->> 'answer_tokens')::int
    FROM analysis
    WHERE created_at > now() - make_interval(days => :days) AND engine ->> 'name' = :engine
        AND (usage ->> 'answer_tokens')::int > 0
    ORDER BY id DESC LIMIT :limit
""")


def busiest_day(connection: Connection, days: int, zone: str) -> list[tuple[float, float, float]]:
    """Reports by hour as (STAT, urgent, routine) of the busiest of the last days; 24 hours."""
    hours = [[0.0, 0.0, 0.0] for _ in range(24)]
    for hour, priority, count in connection.execute(_BUSIEST, {"days": days, "zone": zone}):
        hours[hour][priority] += count
    return [(stat, urgent, routine) for stat, urgent, routine in hours]


def senders(connection: Connection, days: int) -> list[float]:
    """Readings asked for by each sender, the largest first."""
    return [float(count) for (count,) in connection.execute(_SENDERS, {"days": days})]


def tokens(connection: Connection, engine: str, days: int, limit: int = 20_000) -> Sequence[tuple[int, int, int]]:
    """(input, of it cached, output) of an engine's latest readings."""
    rows = connection.execute(_TOKENS, {"days": days, "engine": engine, "limit": limit})
    return [(given, cached, said) for given, cached, said in rows]
