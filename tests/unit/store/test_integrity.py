"""`countersign verify` tells a whole database from a broken one."""

import hashlib

from sqlalchemy import Connection, Engine, insert, text, update

from services.store import audit
from services.store.integrity import examine
from services.store.tables import job, message

BODY = b"MSH|^~\\&|RIS"


def store(connection: Connection, state: str = "done") -> int:
    values = {"door": "hl7", "body": BODY, "bytes": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest()}
    return int(connection.execute(insert(message).values(**values, state=state).returning(message.c.id)).scalar_one())


def wrong(connection: Connection) -> dict[str, str]:
    return {check.what: check.wrong for check in examine(connection) if check.wrong}


def test_a_whole_database_is_whole(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(job).values(kind="intake", message_id=store(connection, "queued")))
        audit.append(connection, site="default", actor="test", action="signed")
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


def test_a_changed_audit_row_shows(engine: Engine) -> None:
    with engine.begin() as connection:
        audit.append(connection, site="default", actor="test", action="signed")
        audit.seal(connection)
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit SET action = 'rejected'"))
        assert "was changed after it was sealed" in wrong(connection)["audit"]


def test_an_earlier_schema_is_all_that_is_said(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert list(wrong(connection)) == ["schema"]
