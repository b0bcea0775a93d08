"""What the resources of report versions are made from, read for several versions at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select, text

from services.store.tables import analysis, report_version

Named = RowMapping | Mapping[str, Any]

# One row a version. The text of a version is left out: its record holds it. Its own source comes before later ones,
# so that a finding keeps naming what it was read from.
_HEADS = text(
    """
    SELECT version.id, version.report_id, version.state, version.content_hash, version.record, version.created_at,
           report.key,
           review.version_id AS reviewed, review.state AS review_state, review.signed_at, review.signed_by, review.note,
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
    SELECT id, version_id, identifier, finding_id, finding, side, status, change, quotes, origin, state, reason,
           created_at, decided_at
    FROM suggestion WHERE version_id = ANY(:versions) ORDER BY position, id
    """
)
_ADVISORIES = text("SELECT * FROM advisory WHERE version_id = ANY(:versions) AND state <> 'open' ORDER BY id")


def heads(connection: Connection, version_ids: Sequence[int]) -> dict[int, RowMapping]:
    """By version: its row, latest reading and FHIR source, and of its report the key, review and signer, if any."""
    rows = connection.execute(_HEADS, {"versions": list(version_ids)}).mappings()
    return {row["id"]: row for row in rows}


def suggestions(connection: Connection, version_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """By version: its suggestions, in catalogue order."""
    return _by_version(connection.execute(_SUGGESTIONS, {"versions": list(version_ids)}).mappings().all())


def advisories(connection: Connection, version_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """By version: what was signed of its advisories, also where it stands no more."""
    if not version_ids:
        return {}
    return _by_version(connection.execute(_ADVISORIES, {"versions": list(version_ids)}).mappings().all())


def shown(connection: Connection, report_id: int) -> list[int]:
    """Versions of a report whose reading reviewers, and servers, were shown; the oldest first."""
    query = (
        select(analysis.c.version_id)
        .join(report_version, report_version.c.id == analysis.c.version_id)
        .where(report_version.c.report_id == report_id, analysis.c.shadow.is_(False))
    )
    return sorted(set(connection.execute(query).scalars()))


def _by_version(rows: Sequence[RowMapping]) -> dict[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row["version_id"]].append(row)
    return found
