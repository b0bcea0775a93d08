"""Whether what is stored is whole: asked after a restore, and whenever someone wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from services.store import audit
from services.store.schema import is_current
from services.store.tables import job, message

# (what, what is counted as kept, what is wrong, its query). A message taken in has a source, a part or a reason.
PROMISES = (
    (
        "acknowledged",
        "every acknowledged report has a job or an outcome",
        "acknowledged messages are gone without a trace; the first is message",
        """
        SELECT message.id FROM message
        WHERE ack_code IN ('AA', 'CA') AND duplicate_of IS NULL AND NOT (
            state IN ('ignored', 'quarantined', 'rejected')
            OR EXISTS (SELECT FROM job WHERE job.message_id = message.id AND job.state <> 'cancelled')
            OR EXISTS (SELECT FROM report_source WHERE report_source.message_id = message.id)
            OR EXISTS (SELECT FROM message AS one WHERE one.parent_id = message.id)
        )
        """,
    ),
    (
        "readings",
        "every current version of a report is read, on its way, or left for a person",
        "versions have neither reading nor job; the first is version",
        """
        SELECT version.id FROM report_version AS version JOIN report ON report.id = version.report_id
        WHERE version.state IN ('current', 'superseding') AND report.held = ''
            AND version.status IN ('final', 'amended', 'corrected', 'appended')
            AND NOT EXISTS (SELECT FROM analysis WHERE analysis.version_id = version.id)
            AND NOT EXISTS (SELECT FROM job WHERE job.version_id = version.id AND job.state <> 'cancelled')
        """,
    ),
    (
        "signed",
        "every signed report has its delivery, where there is somewhere to deliver to",
        "signed reports were never put in the outbox; the first is report",
        """
        SELECT review.report_id FROM review WHERE review.state = 'signed'
            AND EXISTS (SELECT FROM delivery WHERE kind <> 'webhook')
            AND NOT EXISTS (SELECT FROM delivery
                WHERE delivery.version_id = review.version_id AND delivery.kind IN ('signed', 'oru'))
        """,
    ),
    (
        "deliveries",
        "nothing was delivered twice",
        "findings or their Tasks stand twice on a FHIR server; the first is row",
        """
        SELECT min(id) AS id FROM fhir_resource WHERE resource_type IN ('Observation', 'Task', 'Provenance')
        GROUP BY endpoint, resource_type, resource_id HAVING count(*) > 1
        UNION ALL
        SELECT min(id) AS id FROM fhir_resource WHERE resource_type = 'Observation'
        GROUP BY endpoint, regexp_replace(identifier, '^.*[|]', '') HAVING count(*) > 1
        """,
    ),
    (
        "patients",
        "no order is of two patients, but where a person let it be",
        "orders are of two patients; the first is report",
        """
        WITH counted AS (
            SELECT report.*, (patient_authority, patient_id) AS patient FROM report WHERE held = ''
                AND EXISTS (SELECT FROM report_version AS version
                    WHERE version.report_id = report.id AND version.state IN ('current', 'superseding'))
                AND NOT EXISTS (SELECT FROM audit
                    WHERE audit.report_id = report.id AND audit.action = 'report.release')
        )
        SELECT one.id FROM counted AS one JOIN counted AS other USING (site_id, processing, accession)
        WHERE accession <> '' AND one.patient < other.patient
        UNION
        SELECT one.id FROM counted AS one JOIN counted AS other USING (site_id, processing, filler)
        WHERE filler <> '' AND one.accession = '' AND one.patient <> other.patient
        """,
    ),
    (
        "suggestions",
        "no finding stands twice in a version",
        "findings stand twice; the first is suggestion",
        "SELECT min(id) AS id FROM suggestion GROUP BY version_id, identifier HAVING count(*) > 1",
    ),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `wrong` says what is broken, empty when it is whole."""

    what: str
    says: str
    wrong: str = ""


def examine(connection: Connection) -> Iterator[Check]:
    """Schema, stored bytes, work for every message, promises, audit chain: each on its own."""
    current = is_current(connection)
    yield Check("schema", "current", "" if current else "not of this version: run `countersign migrate`")
    if current:
        yield _bytes(connection)
        yield _work(connection)
        yield from (_promise(connection, *promise) for promise in PROMISES)
        yield _audit(connection)


def _bytes(connection: Connection) -> Check:
    """Every stored body has the length and SHA-256 it had when it came in."""
    whole = (func.octet_length(message.c.body) == message.c.bytes) & (
        func.encode(func.sha256(message.c.body), "hex") == message.c.sha256
    )
    kept = message.c.body.is_not(None) & ~message.c.truncated
    query = select(func.count(), func.min(message.c.id).filter(~whole), func.count().filter(~whole)).where(kept)
    count, first, broken = connection.execute(query).one()
    wrong = f"{broken} changed since they came in, the first is message {first}" if broken else ""
    return Check("messages", f"{count} with the bytes they came with", wrong)


def _work(connection: Connection) -> Check:
    """Every message that waits has a job to do it."""
    jobs = select(job.c.id).where(job.c.message_id == message.c.id).exists()
    waiting = message.c.state == "queued"
    query = select(func.count().filter(waiting), func.count().filter(waiting & ~jobs)).select_from(message)
    count, lost = connection.execute(query).one()
    return Check("queue", f"{count} messages wait, each with its job", f"{lost} wait without a job" if lost else "")


def _promise(connection: Connection, what: str, says: str, wrong: str, query: str) -> Check:
    broken = connection.execute(text(f"SELECT count(*), min(id) FROM ({query}) AS broken (id)")).one()  # noqa: S608
    return Check(what, says, f"{broken[0]} {wrong} {broken[1]}" if broken[0] else "")


def _audit(connection: Connection) -> Check:
    found = audit.verify(connection)
    wrong = f"row {found.broken.audit_id} {found.broken.reason}" if found.broken else ""
    return Check("audit", f"{found.sealed} rows in an unbroken chain, {found.unsealed} not sealed yet", wrong)
