"""What the resources of report versions are made from, read for several versions at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Connection, select, text

from services.domain.reports import Json, StoredAdvisory, Suggestion, VersionHead
from services.store.rows import every
from services.store.tables import analysis, report_version

OfVersion = TypeVar("OfVersion", Suggestion, StoredAdvisory)

# One row a version. The text of a version is left out: its record holds it. Its own source comes before later ones,
# so that a finding keeps naming what it was read from.
_HEADS = text(
    """
    SELECT version.id, version.report_id, version.state, version.content_hash, version.record, version.reading_state,
           version.created_at,
           report.key,
           review.version_id AS reviewed, review.state AS review_state, review.signed_at, review.signed_by, review.note,
           CASE WHEN review.signature_at IS NULL THEN review.releases_at END AS released_at,
           account.practitioner,
           reading.id AS analysis_id, reading.engine, reading.created_at AS read_at,
           source.reference, source.reference_version
    FROM report_version version
    JOIN report ON report.id = version.report_id
    LEFT JOIN review ON review.report_id = version.report_id
    LEFT JOIN account ON account.id = review.signed_by
    LEFT JOIN LATERAL (
        SELECT id, engine, created_at FROM analysis
        WHERE version_id = version.id AND NOT shadow ORDER BY id DESC LIMIT 1
    ) reading ON true
    LEFT JOIN LATERAL (
        SELECT reference, reference_version FROM report_source
        WHERE report_id = version.report_id AND door = 'fhir'
        ORDER BY version_id IS NOT DISTINCT FROM version.id DESC, id DESC LIMIT 1
    ) source ON true
    WHERE version.id = ANY(:versions)
    """
)
_SUGGESTIONS = text(
    """
    SELECT * FROM suggestion WHERE version_id = ANY(:versions) ORDER BY position, id
    """
)
_ADVISORIES = text("SELECT * FROM advisory WHERE version_id = ANY(:versions) AND state <> 'open' ORDER BY id")


def heads(connection: Connection, version_ids: Sequence[int]) -> dict[int, VersionHead]:
    """By version: its row, latest reading and FHIR source, and of its report the key, review and signer, if any."""
    rows = every(VersionHead, connection.execute(_HEADS, {"versions": list(version_ids)}))
    return {row.id: row for row in rows}


def suggestions(connection: Connection, version_ids: Sequence[int]) -> dict[int, list[Suggestion]]:
    """By version: its suggestions, in catalogue order."""
    return _by_version(every(Suggestion, connection.execute(_SUGGESTIONS, {"versions": list(version_ids)})))


def engines(connection: Connection, version_ids: Sequence[int]) -> dict[int, dict[int, Json]]:
    """By version: who read it, by reading, shadows left out."""
    found: dict[int, dict[int, Json]] = defaultdict(dict)
    query = select(analysis.c.version_id, analysis.c.id, analysis.c.engine)
    where = (analysis.c.version_id.in_(version_ids), analysis.c.shadow.is_(False))
    for version_id, number, engine in connection.execute(query.where(*where).order_by(analysis.c.id)):
        found[version_id][number] = engine
    return found


def advisories(connection: Connection, version_ids: Sequence[int]) -> dict[int, list[StoredAdvisory]]:
    """By version: what was signed of its advisories, also where it stands no more."""
    if not version_ids:
        return {}
    return _by_version(every(StoredAdvisory, connection.execute(_ADVISORIES, {"versions": list(version_ids)})))


def shown(connection: Connection, report_id: int) -> list[int]:
    """Versions of a report whose reading reviewers, and servers, were shown; the oldest first."""
    query = (
        select(analysis.c.version_id)
        .join(report_version, report_version.c.id == analysis.c.version_id)
        .where(report_version.c.report_id == report_id, analysis.c.shadow.is_(False))
    )
    return sorted(set(connection.execute(query).scalars()))


def _by_version(rows: Sequence[OfVersion]) -> dict[int, list[OfVersion]]:
    found: dict[int, list[OfVersion]] = defaultdict(list)
    for row in rows:
        found[row.version_id].append(row)
    return found
