"""Queries on the exercises of a training instance: what was planted, and who caught it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select, text

from services.domain.figures import ExerciseOutcome, ExerciseResult, Planted
from services.store.rows import Values, every
from services.store.tables import exercise

_RIGHT = """CASE
            WHEN exercise.kind = 'omitted' THEN EXISTS (
                SELECT FROM suggestion AS added WHERE added.report_id = exercise.report_id AND added.origin = 'human'
                    AND added.finding_id = exercise.finding_id AND added.state = 'approved'
                    AND added.status = exercise.truth ->> 'status')
            WHEN exercise.kind = 'correct' THEN suggestion.state = 'approved'
            ELSE suggestion.state = 'rejected'
                OR suggestion.state = 'edited' AND suggestion.status = exercise.truth ->> 'status'
        END"""
_RESULTS = text(f"""
    SELECT exercise.kind, exercise.finding_id, account.name AS reader, count(*) AS count,
        count(*) FILTER (WHERE {_RIGHT}) AS right
    FROM exercise
    JOIN review ON review.report_id = exercise.report_id AND review.state = 'signed'
    JOIN account ON account.id = review.signed_by
    LEFT JOIN suggestion ON suggestion.id = exercise.suggestion_id
    WHERE exercise.site_id = :site
    GROUP BY exercise.kind, exercise.finding_id, account.name
    ORDER BY exercise.kind, exercise.finding_id, account.name
""")  # noqa: S608
_OUTCOMES = text(f"""
    SELECT exercise.kind, exercise.finding_id, exercise.truth, coalesce(suggestion.state, '') AS state,
        coalesce({_RIGHT}, false) AS right
    FROM exercise
    JOIN review ON review.report_id = exercise.report_id AND review.state = 'signed'
    LEFT JOIN suggestion ON suggestion.id = exercise.suggestion_id
    WHERE exercise.report_id = :report
    ORDER BY exercise.id
""")  # noqa: S608


def outcomes(connection: Connection, report_id: int) -> list[ExerciseOutcome]:
    """What was planted in a signed report, and whether it was decided rightly; none before it is signed."""
    return every(ExerciseOutcome, connection.execute(_OUTCOMES, {"report": report_id}))


def put(connection: Connection, rows: Sequence[Values]) -> None:
    """Keeps what is known of a report's suggestions."""
    if rows:
        connection.execute(insert(exercise), list(rows))


def planted(connection: Connection, site: str) -> list[Planted]:
    """How many of each kind there are, signed or not."""
    query = select(exercise.c.kind, func.count().label("count")).where(exercise.c.site_id == site)
    return every(Planted, connection.execute(query.group_by(exercise.c.kind).order_by(exercise.c.kind)))


def results(connection: Connection, site: str) -> list[ExerciseResult]:
    """By kind, finding and reader, of signed reports: how many exercises, and how many were decided rightly.

    Columns: kind, finding_id, reader, count, right. Right is: a wrong suggestion rejected or set right, an omitted
    finding added, a correct suggestion approved.
    """
    return every(ExerciseResult, connection.execute(_RESULTS, {"site": site}))
