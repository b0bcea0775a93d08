"""`countersign verify` tells a whole database from a broken one."""

import hashlib

import pytest
from sqlalchemy import Connection, Engine, insert, text, update

from services.domain.audit_actions import AuditAction
from services.store import audit
from services.store.integrity import examine
from services.store.tables import (
    analysis,
    delivery,
    fhir_resource,
    job,
    message,
    report,
    report_version,
    review,
    suggestion,
)

BODY = b"MSH|^~\\&|RIS"


def store(connection: Connection, state: str = "done") -> int:
    values = {"door": "hl7", "body": BODY, "bytes": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest()}
    return int(connection.execute(insert(message).values(**values, state=state).returning(message.c.id)).scalar_one())


def wrong(connection: Connection) -> dict[str, str]:
    return {check.what: check.wrong for check in examine(connection) if check.wrong}


def test_a_whole_database_is_whole(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(job).values(kind="intake", message_id=store(connection, "queued")))
        audit.append(connection, site="default", actor="test", action=AuditAction.REVIEW_SIGN)
        audit.seal(connection)
        looked_at = {check.what for check in examine(connection)}
        assert looked_at >= {"schema", "messages", "queue", "acknowledged", "signed", "deliveries", "audit"}
        assert wrong(connection) == {}


def test_a_changed_byte_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        first = store(connection)
        connection.execute(update(message).values(body=BODY.replace(b"RIS", b"RIT")))
        assert wrong(connection) == {"messages": f"1 changed since they came in, the first is message {first}"}


def test_a_message_that_waits_without_a_job_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        store(connection, "queued")
        assert wrong(connection) == {"queue": "1 wait without a job"}


def test_an_acknowledged_message_that_left_no_trace_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        lost = store(connection)
        connection.execute(update(message).values(ack_code="AA"))
        assert wrong(connection)["acknowledged"].endswith(f"the first is message {lost}")


def version(connection: Connection) -> dict[str, int]:
    """A final report and its current version: {report_id, version_id}."""
    held = connection.execute(insert(report).values(key="k", patient_id="1").returning(report.c.id)).scalar_one()
    made = {"report_id": held, "content_hash": "h", "state": "current", "status": "final", "text": "x", "record": {}}
    stored = insert(report_version).values(**made).returning(report_version.c.id)
    return {"report_id": held, "version_id": connection.execute(stored).scalar_one()}


def read_version(connection: Connection) -> dict[str, int]:
    made = version(connection)
    connection.execute(insert(analysis).values(version_id=made["version_id"], engine={}, verdicts=[]))
    return made


def test_a_report_that_nobody_reads_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        unread = version(connection)["version_id"]
        said = f"1 versions have neither reading nor job; the first is version {unread}"
        assert wrong(connection) == {"readings": said}
        connection.execute(insert(job).values(kind="analysis", version_id=unread))
        assert wrong(connection) == {}


def test_a_signed_report_that_was_never_put_in_the_outbox_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        made = read_version(connection)
        connection.execute(insert(review).values(**made, state="signed"))
        connection.execute(insert(delivery).values(**made, kind="proposed", destination="default", state="sent"))
        assert wrong(connection)["signed"].endswith(f"the first is report {made['report_id']}")
        connection.execute(insert(delivery).values(**made, kind="signed", destination="default"))
        assert wrong(connection) == {}


@pytest.mark.parametrize(
    "resources",
    [{"one|f1": "ob1", "one|f2": "ob1"}, {"one|f1": "ob1", "other|f1": "ob2"}],
    ids=["two findings in one resource", "one finding under two systems"],
)
def test_a_finding_delivered_twice_shows(engine: Engine, resources: dict[str, str]) -> None:
    with engine.begin() as connection:
        for identifier, resource in resources.items():
            values = {"endpoint": "default", "resource_type": "Observation", "resource_id": resource}
            connection.execute(insert(fhir_resource).values(**values, identifier=identifier))
        assert "stand twice on a FHIR server" in wrong(connection)["deliveries"]


def test_a_finding_that_stands_twice_shows(engine: Engine) -> None:
    """As it could only where the database's own constraint is gone."""
    with engine.begin() as connection:
        made = read_version(connection)
        connection.execute(text("ALTER TABLE suggestion DROP CONSTRAINT uq_suggestion_version_id_identifier"))
        said = {"identifier": "f1", "finding_id": "pneumonia", "finding": {}, "status": "present"}
        connection.execute(insert(suggestion), [made | said, made | said])
        assert "findings stand twice" in wrong(connection)["suggestions"]


def test_a_changed_audit_row_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        audit.append(connection, site="default", actor="test", action=AuditAction.REVIEW_SIGN)
        audit.seal(connection)
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit SET action = 'rejected'"))
        assert "was changed after it was sealed" in wrong(connection)["audit"]


def test_an_earlier_schema_is_all_that_is_said(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert list(wrong(connection)) == ["schema"]


ONE, TWO = {"patient_id": "P1", "patient_authority": "H"}, {"patient_id": "P2", "patient_authority": "H"}


def current(connection: Connection, key: str, **values: str) -> int:
    number = int(connection.execute(insert(report).values(key=key, **values).returning(report.c.id)).scalar_one())
    version = {"content_hash": "h", "state": "current", "status": "preliminary", "text": "", "record": {}}
    connection.execute(insert(report_version).values(report_id=number, **version))
    return number


@pytest.mark.parametrize(
    ("one", "two", "says"),
    [
        ({"accession": "A1"}, {"accession": "A1"}, True),
        ({"filler": "F1"}, {"filler": "F1"}, True),
        ({"accession": "A1", "filler": "F1"}, {"filler": "F1"}, True),
        ({"filler": "F1"}, {"accession": "A1", "filler": "F1"}, True),
        ({"accession": "A1", "filler": "F1"}, {"accession": "A2", "filler": "F1"}, False),
        ({"accession": "A1"}, {"accession": "A1", "site_id": "north"}, False),
        ({"accession": "A1"}, {"accession": "A1", "processing": "T"}, False),
        ({"accession": "A1"}, {"accession": "A1", "held": "this order is known with another patient"}, False),
    ],
)
def test_two_patients_under_one_order_show(
    engine: Engine, one: dict[str, str], two: dict[str, str], says: bool
) -> None:
    with engine.begin() as connection:
        current(connection, "1", **ONE, **one)
        second = current(connection, "2", **TWO, **two)
        current(connection, "3", **ONE, **one)
        assert ("patients" in wrong(connection)) is says
        audit.append(connection, site="default", actor="account/1", action=AuditAction.REPORT_RELEASE, report_id=second)
        assert "patients" not in wrong(connection), "a person let it be"
