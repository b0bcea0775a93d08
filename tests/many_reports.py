"""A hospital's year in PostgreSQL: reports and suggestions by the hundred thousand, for measurements.

.venv/bin/python -m tests.many_reports [REPORTS]     # into the database of COUNTERSIGN_DATABASE__…
"""

from __future__ import annotations

import sys

from sqlalchemy import Connection, text

from services.settings import load
from services.store.engine import connect
from tests import seeding

PER_REPORT = 5
# Copies of one stored report under other keys; nine tenths are signed, spread over the last year.
REPORTS = """
INSERT INTO report (key, patient_id, patient_authority, patient_name, accession, procedure, modality, body_site,
                    priority, observed_at)
SELECT encode(sha256(('many' || n)::bytea), 'hex'), 'M' || lpad((n % 40000)::text, 6, '0'), 'NORTH',
       (ARRAY['Abel','Brandt','Conti','Dubois','Eriksen','Fischer','Garcia','Horvat'])[1 + n % 8] || n || ', A.',
       'B' || lpad(n::text, 7, '0'), (ARRAY['XR CHEST 2 VIEWS','CT HEAD','CT ABDOMEN','MR BRAIN'])[1 + n % 4],
       (ARRAY['DX','CT','CT','MR'])[1 + n % 4], '', CASE WHEN n % 100 = 0 THEN 0 WHEN n % 20 = 0 THEN 1 ELSE 2 END,
       now() - n * interval '5 minutes'
FROM generate_series(1, :count) n
"""
VERSIONS = """
INSERT INTO report_version (report_id, content_hash, state, status, text, record)
SELECT r.id, r.key, 'current', v.status, v.text, v.record FROM report r, report_version v
WHERE v.id = :like AND r.accession LIKE 'B%'
"""
ANALYSES = """
INSERT INTO analysis (version_id, engine, verdicts)
SELECT v.id, a.engine, '[]' FROM report_version v, analysis a
WHERE a.version_id = :like AND v.id <> :like AND v.content_hash IN (SELECT key FROM report)
"""
SUGGESTIONS = """
INSERT INTO suggestion (report_id, version_id, analysis_id, identifier, finding_id, finding, side, status, quotes,
                        rationale, conflict, confidence, position, state, decided_at)
SELECT v.report_id, v.id, a.id, s.identifier || '/' || v.id || '/' || copy, s.finding_id, s.finding, s.side, s.status,
       s.quotes, s.rationale, v.id % 17 = 0 AND copy = 1, (v.id % 10 + 0.5) / 10, copy,
       CASE WHEN v.report_id % 10 = 0 THEN 'proposed' WHEN (v.id + copy) % 9 = 0 THEN 'rejected' ELSE 'approved' END,
       CASE WHEN v.report_id % 10 = 0 THEN NULL ELSE now() - (v.report_id % 365) * interval '1 day' END
FROM report_version v JOIN analysis a ON a.version_id = v.id,
     generate_series(1, :each) copy,
     LATERAL (SELECT * FROM suggestion WHERE version_id = :like ORDER BY id OFFSET copy % 3 LIMIT 1) s
WHERE v.id <> :like
"""
REVIEWS = """
INSERT INTO review (report_id, version_id, state, priority, suggestions, conflicts, created_at, opened_at, signed_at)
SELECT r.id, v.id, CASE WHEN r.id % 10 = 0 THEN 'open' ELSE 'signed' END, r.priority, :each,
       CASE WHEN v.id % 17 = 0 THEN 1 ELSE 0 END, t.at, t.at + interval '9 minutes',
       CASE WHEN r.id % 10 = 0 THEN NULL ELSE t.at + interval '10 minutes' END
FROM report r JOIN report_version v ON v.report_id = r.id AND v.id <> :like,
     LATERAL (SELECT now() - CASE WHEN r.id % 10 = 0 THEN r.id % 500 * interval '1 minute'
                             ELSE (r.id % 365) * interval '1 day' END AS at) t
"""


def put_many(connection: Connection, count: int) -> None:
    """Stores `count` reports with PER_REPORT suggestions each; a tenth wait for a signature."""
    like = connection.scalar(
        text("SELECT id FROM report_version WHERE report_id = :id"),
        {"id": seeding.put(connection, seeding.Exam(patient_id="LIKE"))},
    )
    values = {"like": like, "each": PER_REPORT, "count": count}
    for statement in (REPORTS, VERSIONS, ANALYSES, SUGGESTIONS, REVIEWS):
        connection.execute(text(statement), values)


def main(count: int = 100_000) -> None:
    """Fills the configured database."""
    engine = connect(load().database)
    with engine.begin() as connection:
        put_many(connection, count)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    print(f"{count} reports, {count * PER_REPORT} suggestions")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
