"""What a message became: the reports it spoke of, its jobs, and what left because of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows of reports (id, number, state, reading_state, held), jobs and deliveries (id, kind, state, reason)."""

    reports: Sequence[RowMapping]
    jobs: Sequence[RowMapping]
    deliveries: Sequence[RowMapping]
    parts: Sequence[RowMapping]


_REPORTS = text(
    """
    SELECT DISTINCT report.id, version.id AS version, version.number, version.state, version.reading_state, report.held
    FROM report_source source JOIN report ON report.id = source.report_id
        LEFT JOIN report_version version ON version.id = source.version_id
    WHERE source.message_id = :id ORDER BY report.id LIMIT 100
    """
)
# A union and no OR: each half goes by an index of its own.
_JOBS = text(
    """
    SELECT id, kind, state, reason FROM job WHERE message_id = :id
    UNION SELECT job.id, kind, state, reason FROM job JOIN report_source source USING (version_id)
        WHERE source.message_id = :id
    ORDER BY id LIMIT 100
    """
)
_DELIVERIES = text(
    """
    SELECT id, kind, state, reason, destination FROM delivery
    WHERE report_id IN (SELECT report_id FROM report_source WHERE message_id = :id) ORDER BY id LIMIT 100
    """
)
_PARTS = text("SELECT id, part, state, reason FROM message WHERE parent_id = :id ORDER BY part LIMIT 100")


def of_message(connection: Connection, message_id: int) -> Outcome:
    """At most a hundred of each kind, the oldest first."""
    asked = {"id": message_id}
    rows = [connection.execute(query, asked).mappings().all() for query in (_REPORTS, _JOBS, _DELIVERIES, _PARTS)]
    return Outcome(*rows)
