"""What one engine said of one version, stored with the suggestions, the review and the deliveries it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, TextClause, bindparam, exists, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from services.domain.reports import Version
from services.domain.words import ReadingState
from services.store import reviews
from services.store.tables import analysis, draft, report_version, suggestion

Row = Mapping[str, Any]
"""A row by column, as JSON."""

# What a reader says of a suggestion; the rest is what people make of it.
_OF_PEOPLE = ("id", "created_at", "decided_at", "decided_by", "suggested_status", "origin", "state", "reason")
_SUGGESTED = [each.name for each in suggestion.c if each.name not in (*_OF_PEOPLE, "analysis_id")]
_FRESH = [name for name in (*_SUGGESTED, "analysis_id") if name not in ("version_id", "identifier")]
_READING = "site_id, version_id, shadow, engine, verdicts, advisories, flagged, unread, reasoning, usage, failed"
_JOB = "site_id, kind, version_id, engine, priority, sender, lease_owner"
_DELIVERY = "site_id, kind, report_id, version_id, destination, trace"
_DONE = f"""
    done AS (
        INSERT INTO job ({_JOB}, state, lease_epoch, leased_at, finished_at)
        SELECT {_JOB}, 'done', 1, now(), now() FROM jsonb_populate_recordset(CAST(NULL AS job), :jobs) RETURNING id
    )"""  # noqa: S608
_NOT_DONE = "done AS (SELECT CAST(NULL AS bigint) AS id)"
_DELIVER = f"""
    INSERT INTO delivery ({_DELIVERY})
    SELECT {_DELIVERY} FROM jsonb_populate_recordset(CAST(NULL AS delivery), :deliveries)"""  # noqa: S608
_REST = f"""
    reading AS (
        INSERT INTO analysis ({_READING}, job_id)
        SELECT {_READING}, coalesce((SELECT id FROM done), job_id)
        FROM jsonb_populate_record(CAST(NULL AS analysis), :reading) RETURNING id
    ), suggested AS (
        INSERT INTO suggestion ({", ".join(_SUGGESTED)}, analysis_id)
        SELECT {", ".join(_SUGGESTED)}, coalesce(analysis_id, (SELECT id FROM reading))
        FROM jsonb_populate_recordset(CAST(NULL AS suggestion), :suggestions)
        ON CONFLICT (version_id, identifier) DO UPDATE SET state = 'proposed', reason = '',
            {", ".join(f"{name} = excluded.{name}" for name in _FRESH)}
        WHERE suggestion.state IN ('proposed', 'withdrawn')
        RETURNING status, critical, conflict, unsupported
    ), counted AS (
        SELECT count(*) AS suggestions, count(*) FILTER (WHERE critical AND status = 'present') AS critical,
            count(*) FILTER (WHERE conflict) AS conflicts, count(*) FILTER (WHERE unsupported) AS unsupported
        FROM suggested
    ), opened AS (
        INSERT INTO review (site_id, report_id, version_id, priority, suggestions, critical, conflicts, unsupported)
        SELECT site_id, report_id, version_id, priority, counted.*
        FROM jsonb_populate_recordset(CAST(NULL AS review), :reviews) CROSS JOIN counted
        ON CONFLICT (report_id) DO UPDATE SET version_id = excluded.version_id, revision = review.revision + 1,
            state = CASE WHEN review.version_id = excluded.version_id THEN review.state
                WHEN review.state = 'signed' THEN 'reopened' WHEN review.state = 'cancelled' THEN 'open'
                ELSE review.state END
    ), standing AS (
        UPDATE report_version SET state = 'current', reading_state = :reading_state
        WHERE id = :version AND :reading_state <> ''
    )"""  # noqa: S608


@cache
def _put(*, job: bool, delivers: bool) -> TextClause:
    """One statement for it all; where nothing goes into a table, that is not so much as named: an instance for training
    may write neither jobs nor deliveries.
    """
    records = ["reading", "suggestions", "reviews", *(["jobs"] if job else []), *(["deliveries"] if delivers else [])]
    sql = f"WITH {_DONE if job else _NOT_DONE}, {_REST} {_DELIVER if delivers else 'SELECT'}"
    typed = [bindparam(name, type_=JSONB) for name in records]
    return text(sql).bindparams(*typed, bindparam("version", type_=BigInteger), bindparam("reading_state", type_=Text))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reading of a version leads to, where reviewers see it.

    `suggestions` keep their `analysis_id` where they have one, else get that of the reading. `first`: nothing was
    suggested of the version before.
    """

    state: ReadingState
    suggestions: Sequence[Row]
    deliveries: Sequence[Row]
    priority: int
    first: bool


def put(connection: Connection, of: Version, reading: Row, outcome: Outcome | None, job: Row | None = None) -> None:
    """Stores a reading, and `job` as done in the same go. Without an outcome (a shadow) nobody is shown it.

    A suggestion read again keeps its identity; what a person decided is left alone. A review already signed for
    another version is reopened, a claim is kept.
    """
    opened = {"site_id": of.site_id, "report_id": of.report_id, "version_id": of.id}
    out = outcome.deliveries if outcome else ()
    values: dict[str, Any] = {
        "reading": reading,
        "version": of.id,
        "suggestions": outcome.suggestions if outcome else [],
        "reviews": [{**opened, "priority": outcome.priority}] if outcome else [],
        "reading_state": outcome.state if outcome else "",
    }
    values |= ({"jobs": [job]} if job else {}) | ({"deliveries": out} if out else {})
    connection.execute(_put(job=job is not None, delivers=bool(out)), values)
    if outcome and not outcome.first:
        reviews.count_flags(connection, of.report_id)


def set_state(connection: Connection, version_id: int, state: ReadingState) -> None:
    """Says how far the reading of a version came."""
    where = report_version.c.id == version_id
    connection.execute(update(report_version).where(where).values(reading_state=state))


def is_shown(connection: Connection, version_id: int) -> bool:
    """Whether a reading of the version was shown to reviewers."""
    reading = exists().where(analysis.c.version_id == version_id, analysis.c.shadow.is_(False))
    return bool(connection.scalar(select(reading)))


def drafted(connection: Connection, version_id: int) -> frozenset[int]:
    """The suggestions of a version that a reviewer has a draft on."""
    query = select(draft.c.suggestion_id).join(suggestion, suggestion.c.id == draft.c.suggestion_id)
    return frozenset(connection.execute(query.where(suggestion.c.version_id == version_id)).scalars())
