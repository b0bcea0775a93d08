"""How far each report has come, for the demo, the doctor and the tests."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from services.domain.words import ReviewState, VersionState
from services.store.rows import every


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one report is; `task`: the identifier of its Task."""

    accession: str
    procedure: str
    priority: int
    held: str
    version_state: VersionState | None
    engine: str | None
    review: ReviewState | None
    suggestions: int
    sent: int
    unsent: int
    identifiers: list[str]
    task: str | None


QUERY = text(
    """
    SELECT report.accession, report.procedure, report.priority, report.held,
           version.state AS version_state, analysis.engine ->> 'name' AS engine, review.state AS review,
           (SELECT count(*) FROM suggestion WHERE suggestion.version_id = version.id
              AND suggestion.state <> 'withdrawn') AS suggestions,
           (SELECT count(*) FROM delivery WHERE delivery.version_id = version.id AND delivery.state = 'sent') AS sent,
           (SELECT count(*) FROM delivery WHERE delivery.version_id = version.id
              AND delivery.state <> 'sent') AS unsent,
           array(SELECT suggestion.identifier FROM suggestion WHERE suggestion.version_id = version.id
              AND suggestion.state <> 'withdrawn' ORDER BY suggestion.position) AS identifiers,
           report.key || '-' || version.content_hash AS task
    FROM report
    LEFT JOIN report_version version ON version.report_id = report.id AND version.state IN ('current', 'superseding')
    LEFT JOIN LATERAL (SELECT engine FROM analysis WHERE analysis.version_id = version.id AND NOT shadow
                       ORDER BY id DESC LIMIT 1) analysis ON true
    LEFT JOIN review ON review.report_id = report.id
    ORDER BY report.id
    """
)


def reports(connection: Connection) -> list[Progress]:
    """One row a report: its reading, its review, its suggestions' identifiers, its deliveries."""
    return every(Progress, connection.execute(QUERY))
