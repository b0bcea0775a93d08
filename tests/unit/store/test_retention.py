"""What is purged by age and state, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from services.actions import retention as actions
from services.store import audit, retention
from services.store.integrity import examine
from services.store.tables import analysis, job, message
from tests import seeding

OLD = datetime.now(UTC) - timedelta(days=400)
DAYS = {"messages": 365, "reasoning": 90, "jobs": 30}


def old_message(connection: Connection, state: str, job_state: str = "done", site: str = "default") -> int:
    values = {"door": "hl7", "body": b"MSH|", "bytes": 4, "sha256": "x", "state": state, "received_at": OLD}
    values["site_id"] = site
    found = connection.execute(insert(message).values(**values).returning(message.c.id)).scalar_one()
    finished = OLD if job_state in ("done", "cancelled") else None
    connection.execute(insert(job).values(kind="intake", message_id=found, state=job_state, finished_at=finished))
    return int(found)


def purge(connection: Connection) -> dict[str, int]:
    return {one.name: actions.purge(connection, one, DAYS[one.name]) for one in retention.PURGES}


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


def test_each_batch_is_written_down_at_the_sites_it_was_of(engine: Engine) -> None:
    with engine.begin() as connection:
        for site in ("default", "north", "north"):
            old_message(connection, "done", site=site)
        assert actions.purge(connection, retention.PURGES[0], 365) == 3
        assert actions.purge(connection, retention.PURGES[0], 365) == 0
        rows = {site: audit.search(connection, site) for site in ("default", "north", "south")}
    said = {site: [row.detail for row in found] for site, found in rows.items()}
    days = {"messages": 365}
    assert said == {"default": [{"days": days, "messages": 1}], "north": [{"days": days, "messages": 2}], "south": []}


def test_a_reading_outlives_its_job_and_only_the_batch_is_forgotten(engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection, seeding.Exam())
        read = connection.execute(select(analysis.c.id)).scalars().all()
        finished = {"kind": "analysis", "state": "done", "finished_at": OLD}
        jobs = [connection.execute(insert(job).values(finished).returning(job.c.id)).scalar_one() for _ in range(3)]
        connection.execute(update(analysis).values(job_id=jobs[1]))
        assert retention.count(connection, {"jobs": 30}) == {"jobs": 3}
        gone = [retention.purge_some(connection, retention.PURGES[2], 30, batch=1).total() for _ in range(4)]
        assert read and gone == [1, 1, 1, 0]
        assert connection.execute(select(analysis.c.id, analysis.c.job_id)).all() == [(each, None) for each in read]
