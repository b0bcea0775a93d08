"""The first rows of a report nobody knew, in as few round trips as they can be had.

The same rows, one by one, are those of reports, jobs, reviews and deliveries for a report that is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from integration.canonical import Report
from services.store.reports import SUGGESTED, source_values, version_values

_BEGIN = text("""
    WITH version AS (
        INSERT INTO report_version (site_id, report_id, content_hash, state, status, text, record, issued_at)
        VALUES (:site_id, :report_id, :content_hash, 'current', :status, :text, :stands, :issued_at)
        RETURNING id, site_id, report_id, content_hash, state
    ), source AS (
        INSERT INTO report_source
            (site_id, report_id, version_id, message_id, door, reference, reference_version, record)
        SELECT site_id, report_id, id, :message_id, :door, :reference, :reference_version, :record FROM version
    )
    SELECT * FROM version
""").bindparams(bindparam("stands", type_=JSONB), bindparam("record", type_=JSONB))


def begin(connection: Connection, report_id: int, message_id: int, record: Report, stands: Report) -> RowMapping:
    """A new report's first version, `stands`, and its first source: what a message said, `record`.

    Of the version id, site_id, report_id, content_hash and state.
    """
    version, source = version_values(report_id, stands), source_values(report_id, message_id, record)
    values = {**source, **version, "stands": version["record"], "record": source["record"]}
    return connection.execute(_BEGIN, values).mappings().one()


_READING = "site_id, version_id, engine, verdicts, advisories, flagged, unread, reasoning, usage"
_SAID = ", ".join(name for name in SUGGESTED if name != "analysis_id")
_JOB = "site_id, kind, version_id, engine, priority, sender, lease_owner"
_DELIVERY = "site_id, kind, report_id, version_id, destination, trace"
_READ = text(f"""
    WITH asked AS (
        SELECT * FROM jsonb_populate_record(CAST(NULL AS job), :job)
    ), done AS (
        INSERT INTO job ({_JOB}, state, lease_epoch, leased_at, finished_at)
        SELECT {_JOB}, 'done', 1, now(), now() FROM asked RETURNING id
    ), reading AS (
        INSERT INTO analysis ({_READING}, job_id)
        SELECT {_READING}, (SELECT id FROM done) FROM jsonb_populate_record(CAST(NULL AS analysis), :reading)
        RETURNING id
    ), suggested AS (
        INSERT INTO suggestion ({_SAID}, analysis_id)
        SELECT {_SAID}, (SELECT id FROM reading) FROM jsonb_populate_recordset(CAST(NULL AS suggestion), :suggestions)
        RETURNING status, critical, conflict, unsupported
    ), counted AS (
        SELECT count(*) AS suggestions, count(*) FILTER (WHERE critical AND status = 'present') AS critical,
            count(*) FILTER (WHERE conflict) AS conflicts, count(*) FILTER (WHERE unsupported) AS unsupported
        FROM suggested
    ), opened AS (
        INSERT INTO review (site_id, report_id, version_id, priority, suggestions, critical, conflicts, unsupported)
        SELECT site_id, :report, version_id, priority, counted.* FROM asked CROSS JOIN counted
    )
    INSERT INTO delivery ({_DELIVERY})
    SELECT {_DELIVERY} FROM jsonb_populate_recordset(CAST(NULL AS delivery), :deliveries)
""").bindparams(  # noqa: S608
    *(bindparam(name, type_=JSONB) for name in ("job", "reading", "suggestions", "deliveries")),
    bindparam("report", type_=BigInteger),
)


def read(
    connection: Connection,
    report_id: int,
    job: Mapping[str, Any],
    reading: Mapping[str, Any],
    suggestions: Sequence[Mapping[str, Any]],
    deliveries: Sequence[Mapping[str, Any]],
) -> None:
    """What was read of a new report's first version: the job, done by its `lease_owner`, the reading, what it suggests,
    the review and what is to be delivered. Mappings are rows by column, as JSON.
    """
    rows = {"job": job, "reading": reading, "suggestions": suggestions, "deliveries": deliveries}
    connection.execute(_READ, {"report": report_id, **rows})
