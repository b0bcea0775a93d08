"""A year of messages in PostgreSQL, one every thirty seconds at a million, the last of them now: made of syllables.

Four senders, and two that were heard in the first half of the year alone, one of them by FHIR; four in ten are our own
come back, one in a hundred is quarantined, one in a hundred rejected; of what is done one in six has a report with a
text. The database is one made for it.
"""

from __future__ import annotations

from sqlalchemy import Engine, text

from services.store import people
from tests.benchmarks.kept_postgres import vacuum

SITE = "default"
_NAME = """(ARRAY['mu','ka','lo','ren','ta','si','bor','del','fin','gar'])[1 + {0} % 10] ||
    (ARRAY['noz','lin','ström','vik','sen','mann','berg','ova','ez','son'])[1 + {0} / 10 % 10] ||
    (ARRAY['a','e','i','o','u','y','ar','el','is','us'])[1 + {0} / 100 % 10]"""
_FAMILY = _NAME.format("(n % 9973)")
_GIVEN = _NAME.format("(n / 7 % 9973)")
_BODY = rf"""E'MSH|^~\\&|RIS' || n % 4 || '|HOSP|COUNTERSIGN|HOSP|20260101120000||ORU^R01|MSG' || n || E'|P|2.5.1\r'
    || 'PID|1||PID' || n / 3 || '^^^HOSP^MR||' || {_FAMILY} || '^' || {_GIVEN} || E'||19500101|F\r'
    || 'OBR|1|ACC' || n || '|F' || n || '|XR' || n % 400 || E'^Chest two views^L|||20260101110000|||||||||||||||||||F\r'
    || E'OBX|1|TX|XR^Chest^L||FINDINGS: Lungs are clear. ' || repeat('The heart is of normal size. ', 10)
    || E'||||||F\r'"""
_BY_FHIR = "(n % 1000 = 555 AND n < :count / 2)"
_STATEMENTS = (
    f"""
    INSERT INTO message (door, peer, application, facility, control_id, message_type, resource, received_at, body,
        bytes, sha256, state, reason, ack_code)
    SELECT CASE WHEN {_BY_FHIR} THEN 'fhir' ELSE 'hl7' END, '10.0.0.' || n % 4,
        CASE WHEN n % 100 < 38 THEN 'COUNTERSIGN' WHEN n % 1000 = 777 AND n < :count / 2 THEN 'OLDRIS'
            ELSE 'RIS' || n % 4 END, 'HOSP', 'MSG' || n, 'ORU^R01',
        CASE WHEN {_BY_FHIR} THEN 'DiagnosticReport/r' || n END, now() - (:count - n) * interval '30 seconds',
        convert_to({_BODY}, 'UTF8'), 640, md5(n::text),
        CASE WHEN n % 100 < 38 THEN 'ignored' WHEN n % 100 = 98 THEN 'quarantined' WHEN n % 100 = 99 THEN 'rejected'
            ELSE 'done' END,
        CASE WHEN n % 100 < 38 THEN 'our own message come back'
            WHEN n % 100 = 98 THEN 'OBR-25 of OBR ' || n % 7 || ': found a word of 6 letters, expected a status'
            WHEN n % 100 = 99 THEN 'Send the message type in MSH-9.' ELSE '' END, 'AA'
    FROM generate_series(1, :count) n
    """,
    f"""
    INSERT INTO message_search (message_id, site_id, received_at, words, text)
    SELECT id, site_id, received_at, fold(E'\\nc\\x1f' || control_id || E'\\ns\\x1f' || application || '^HOSP' ||
        E'\\np\\x1f' || peer || E'\\nt\\x1fORU^R01' || CASE WHEN reason <> '' THEN E'\\no\\x1f' || reason ELSE '' END ||
        E'\\nn\\x1f' || {_FAMILY} || ' ' || {_GIVEN} || E'\\ni\\x1fPID' || n / 3 || E'\\na\\x1fACC' || n || ' F' || n ||
        E'\\ne\\x1fXR' || n % 400 || ' Chest two views'),
        CASE state WHEN 'quarantined' THEN fold(convert_from(body, 'UTF8')) ELSE '' END
    FROM message CROSS JOIN LATERAL (SELECT id AS n) numbered WHERE state IN ('done', 'quarantined')
    """,
    f"""
    INSERT INTO report (key, patient_id, patient_name, accession, filler, procedure, held)
    SELECT md5('k' || n), 'PID' || n / 3, {_FAMILY}, 'ACC' || n, 'F' || n, 'Chest two views',
        CASE WHEN n % 30000 = 54 THEN 'a known order with another patient' ELSE '' END
    FROM (SELECT id AS n FROM message WHERE state = 'done' AND id % 6 = 0) done
    """,
    """
    INSERT INTO report_version (report_id, content_hash, state, status, text, record, reading_state)
    SELECT id, md5(id::text), 'current', 'final', 'FINDINGS: Lungs are clear. Word' || id % 5000 || ' is seen. ' ||
        repeat('The heart is of normal size. ', 10), '{}', 'read' FROM report
    """,
    """
    INSERT INTO report_source (report_id, version_id, message_id, door, record)
    SELECT report.id, version.id, substr(accession, 4)::bigint, 'hl7', '{}'
    FROM report JOIN report_version version ON version.report_id = report.id
    """,
    """
    INSERT INTO job (kind, message_id, state, created_at, leased_at, finished_at)
    SELECT 'intake', id, 'done', received_at, received_at, received_at FROM message
    WHERE state IN ('done', 'quarantined')
    """,
    """
    INSERT INTO job (kind, version_id, engine, state, failed, reason, created_at, leased_at, finished_at)
    SELECT 'analysis', id, 'rules', CASE id % 4000 WHEN 7 THEN 'dead' WHEN 8 THEN 'waiting' ELSE 'done' END,
        CASE WHEN id % 4000 IN (7, 8) THEN 3 ELSE 0 END, '', created_at, created_at, created_at FROM report_version
    """,
    """
    INSERT INTO delivery (kind, report_id, version_id, destination, state, reason, attempts, created_at, sent_at)
    SELECT kind, report_id, id, kind || ' receiver',
        CASE id % 5000 WHEN 7 THEN 'dead' WHEN 8 THEN 'blocked' WHEN 9 THEN 'pending' ELSE 'sent' END,
        CASE WHEN id % 5000 IN (7, 8, 9) THEN 'HTTP 422' ELSE '' END, 1, created_at, created_at
    FROM report_version CROSS JOIN unnest(ARRAY['proposed', 'oru', 'webhook']) AS kind
    """,
)


def seed(engine: Engine, count: int) -> None:
    """Everything, then what autovacuum would have done by then; nothing where it is there already."""
    with engine.connect() as connection:
        if connection.scalar(text("SELECT max(id) FROM message")) is not None:
            return
    for statement in _STATEMENTS:
        with engine.begin() as connection:
            connection.execute(text(statement), {"count": count})
    vacuum(engine)


def analyst(engine: Engine) -> str:
    """Somebody who may search messages and read reports; their session's cookie."""
    with engine.begin() as connection:
        row = people.put_account(
            connection, site=SITE, issuer="urn:benchmark", subject="analyst", name="Analyst",
            roles=("operator", "reviewer", "administrator"), practitioner="",
        )  # fmt: skip
        return people.start_session(connection, row.id)[0]
