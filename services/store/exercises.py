"""Queries on the exercises of a training instance: what was planted, and who caught it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, text

from services.store.tables import exercise

_RESULTS = text("""
    SELECT exercise.kind, exercise.finding_id, account.name AS reader, count(*) AS count,
        count(*) FILTER (WHERE CASE
            WHEN exercise.kind = 'omitted' THEN EXISTS (
                SELECT FROM suggestion AS added WHERE added.report_id = exercise.report_id AND added.origin = 'human'
                    AND added.finding_id = exercise.finding_id AND added.state = 'approved'
                    AND added.status = exercise.truth ->> 'status')
            WHEN exercise.kind = 'correct' THEN suggestion.state = 'approved'
            ELSE suggestion.state = 'rejected'
                OR suggestion.state = 'edited' AND suggestion.status = exercise.truth ->> 'status'
        END) AS right
    FROM exercise
    JOIN review ON review.report_id = exercise.report_id AND review.state = 'signed'
    JOIN account ON account.id = review.signed_by
    LEFT JOIN suggestion ON suggestion.id = exercise.suggestion_id
    WHERE exercise.site_id = :site
    GROUP BY exercise.kind, exercise.finding_id, account.name
    ORDER BY exercise.kind, exercise.finding_id, account.name
""")


def put(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps what is known of a report's suggestions."""
    if rows:
        connection.execute(insert(exercise), list(rows))


def planted(connection: Connection, site: str) -> Sequence[RowMapping]:
    """How many of each kind there are, signed or not."""
    query = select(exercise.c.kind, func.count().label("count")).where(exercise.c.site_id == site)
    return connection.execute(query.group_by(exercise.c.kind).order_by(exercise.c.kind)).mappings().all()


def results(connection: Connection, site: str) -> Sequence[RowMapping]:
    """By kind, finding and reader, of signed reports: how many exercises, and how many were decided rightly.

    Columns: kind, finding_id, reader, count, right. Right is: a wrong suggestion rejected or set right, an omitted
    finding added, a correct suggestion approved.
    """
    return connection.execute(_RESULTS, {"site": site}).mappings().all()
