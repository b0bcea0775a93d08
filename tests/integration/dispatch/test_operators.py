"""`countersign jobs` and `purge`, as an operator runs them."""

import json
import os
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from integration.hl7v2.mllp import whole
from services.cli import build
from services.settings import Database, Mllp, Queue
from services.store import audit, circuits, inbox, jobs
from services.workflow.receive import Arrival
from tests.databases import environment
from tests.messages import oru
from tests.receiving import receive


@pytest.fixture(autouse=True)
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the test's database and of nothing else."""
    for name in [name for name in os.environ if name.startswith("COUNTERSIGN_")]:
        monkeypatch.delenv(name)
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)


def countersign(*arguments: str) -> Result:
    return CliRunner().invoke(build(), list(arguments))


def listed(*arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(countersign("jobs", *arguments, "--json").stdout))


def received(engine: Engine, priority: str = "R") -> int:
    """A message; its job."""
    with engine.begin() as connection:
        receive(connection, [Arrival(whole(oru(f"A{priority}", priority=priority)))], Mllp())
        return int(jobs.search(connection, limit=1)[0].id)


def dead(engine: Engine) -> int:
    from services.workflow.dead_letters import bury

    job = received(engine)
    with engine.begin() as connection:
        row = jobs.claim(connection, job, "one", Queue())
        assert row is not None
        jobs.fail(connection, row, "ValueError in intake", Queue(max_failed=1))
        bury(connection, row, "ValueError in intake")
    return job


def message_state(engine: Engine, job: int) -> str:
    with engine.connect() as connection:
        return str(inbox.get(connection, jobs.search(connection, ids=[job])[0].message_id).state)


def test_each_job_says_why_it_waits(engine: Engine) -> None:
    job = received(engine, "S")
    (row,) = listed("list")
    assert (row["priority"], row["why"]) == ("STAT", "no worker is running")
    assert "no worker is running" in countersign("jobs", "why", str(job)).stdout


def test_a_reading_waits_for_its_engine(engine: Engine) -> None:
    with engine.begin() as connection:
        jobs.add(connection, kind="analysis", engine="r1")
        for _ in range(5):
            circuits.failed(connection, "r1", Queue())
    assert "engine r1 is away" in listed("list")[0]["why"]


def test_a_job_on_its_last_chance_says_that_it_waits_for_others_like_it(engine: Engine) -> None:
    job = received(engine)
    with engine.begin() as connection:
        jobs.renew(connection, "one", 4, Queue())
        connection.execute(text("UPDATE job SET lost = 2"))
    assert "it has lost 2 workers: such jobs run one at a time" in countersign("jobs", "why", str(job)).stdout


@pytest.mark.parametrize("command", ["jobs", "deliveries"])
def test_a_state_that_does_not_exist_is_refused(command: str) -> None:
    said = countersign(command, "list", "--state", "deaf")
    assert said.exit_code == 2
    assert "dead" in said.output


def test_a_dead_letter_is_retried_and_its_message_leaves_quarantine(engine: Engine) -> None:
    job = dead(engine)
    assert [row["id"] for row in listed("dead")] == [job]
    assert message_state(engine, job) == "quarantined"
    assert countersign("jobs", "retry", str(job)).exit_code == 0
    assert listed("list")[0]["state"] == "ready"
    assert message_state(engine, job) == "queued"
    with engine.connect() as connection:
        assert [row.action for row in audit.search(connection, "default")] == ["job.retry"]


def test_a_job_given_up_leaves_its_message_where_a_person_sees_it(engine: Engine) -> None:
    job = received(engine)
    assert countersign("jobs", "cancel", str(job), "--reason", "sent by mistake").exit_code == 0
    assert message_state(engine, job) == "quarantined"
    assert countersign("verify").exit_code == 0
    again = countersign("jobs", "cancel", str(job))
    assert again.exit_code == 1
    assert f"job {job}: not in a state for that" in again.output


def test_a_job_that_is_not_there_is_one_clear_line(engine: Engine) -> None:
    said = countersign("jobs", "why", "99")
    assert said.exit_code == 1
    assert "there is no job 99" in said.output


def test_a_dry_run_changes_nothing(engine: Engine) -> None:
    received(engine)
    said = countersign("purge", "--messages", "0", "--jobs", "0", "--dry-run")
    assert said.exit_code == 0
    assert "nothing was changed" in said.stdout
    with engine.connect() as connection:
        assert audit.search(connection, "default") == []


def test_a_purge_empties_what_is_old_keeps_what_waits_and_is_written_down(engine: Engine) -> None:
    kept, old = received(engine), received(engine, "S")
    with engine.begin() as connection:
        connection.execute(text("UPDATE message SET received_at = now() - interval '400 days'"))
        done = {"old": old}
        connection.execute(text("UPDATE job SET state = 'done', finished_at = now() WHERE id = :old"), done)
        ended = text("UPDATE message SET state = 'ignored' WHERE id = (SELECT message_id FROM job WHERE id = :old)")
        connection.execute(ended, done)
    said = countersign("purge")
    assert said.exit_code == 0
    assert "1 raw messages emptied" in said.stdout
    with engine.connect() as connection:
        bodies = {row.id: inbox.get(connection, row.message_id).body for row in jobs.search(connection)}
        assert (bodies[old], bodies[kept] is None) == (None, False)
        (entry,) = audit.search(connection, "default")
    assert (entry.action, entry.detail["messages"]) == ("purged", 1)
    assert countersign("verify").exit_code == 0
