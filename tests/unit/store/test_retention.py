"""What is purged by age and state, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, select

from services.store import retention
from services.store.integrity import examine
from services.store.tables import job, message

OLD = datetime.now(UTC) - timedelta(days=400)
DAYS = {"messages": 365, "reasoning": 90, "jobs": 30}


def old_message(connection: Connection, state: str, job_state: str = "done") -> int:
    values = {"door": "hl7", "body": b"MSH|", "bytes": 4, "sha256": "x", "state": state, "received_at": OLD}
    found = connection.execute(insert(message).values(**values).returning(message.c.id)).scalar_one()
    finished = OLD if job_state in ("done", "cancelled") else None
    connection.execute(insert(job).values(kind="intake", message_id=found, state=job_state, finished_at=finished))
    return int(found)


def purge(connection: Connection) -> dict[str, int]:
    return {one.name: retention.purge_some(connection, one, DAYS[one.name]) for one in retention.PURGES}


def body(connection: Connection, message_id: int) -> bytes | None:
    return connection.scalar(select(message.c.body).where(message.c.id == message_id))


@pytest.mark.parametrize(
    ("state", "job_state"), [("queued", "ready"), ("quarantined", "dead"), ("quarantined", "done")]
)
def test_what_waits_or_wants_a_person_keeps_its_bytes_however_old(engine: Engine, state: str, job_state: str) -> None:
    with engine.begin() as connection:
        kept = old_message(connection, state, job_state)
        assert purge(connection)["messages"] == 0
        assert body(connection, kept) == b"MSH|"


def test_the_dry_run_counts_what_the_purge_then_does(engine: Engine) -> None:
    with engine.begin() as connection:
        emptied = old_message(connection, "done")
        said = retention.count(connection, DAYS)
        assert said == {"messages": 1, "reasoning": 0, "jobs": 1}
        assert purge(connection) == said
        assert body(connection, emptied) is None
        assert retention.count(connection, DAYS) == {"messages": 0, "reasoning": 0, "jobs": 0}


def test_a_purged_database_is_still_whole(engine: Engine) -> None:
    with engine.begin() as connection:
        old_message(connection, "ignored")
        purge(connection)
        assert [check.wrong for check in examine(connection) if check.wrong] == []
