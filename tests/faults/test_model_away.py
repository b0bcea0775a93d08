"""Row 7: a model that answers 503, breaks off, hangs or talks nonsense. An outage counts against no report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from integration.hl7v2.mllp import whole
from integration.sglang import client
from services.dispatch.lease_keeper import Lessee
from services.settings import Queue, Reading, Settings
from services.store import circuits, jobs
from services.store.clock import NOW
from services.store.tables import job
from services.workflow.context import site
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.run import Runner
from tests.contract.sglang.replay import Failure, Replay, replay_server
from tests.faults.rig import volume
from tests.messages import oru
from tests.receiving import receive

ENGINE = """
engines:
  - name: m
    url: {url}
    model: any
    local: true
    timeout: {timeout}
    attempts: 1
"""


@pytest.fixture
def model() -> Iterator[Replay]:
    with replay_server() as server:
        yield server


class House:
    """One worker's runner over a fresh database, with one report to read by the model."""

    def __init__(self, engine: Engine, model: Replay, folder: Path, timeout: float = 20) -> None:
        (folder / "engines.yaml").write_text(ENGINE.format(url=model.url, timeout=timeout))
        self.queue = Queue(backoff=0.001, circuit_pause=0.001)
        settings = Settings(queue=self.queue, reading=Reading(engine="m"), config_dir=folder)
        self.engine = engine
        self.runner = Runner(engine, Lessee(engine, self.queue), site(settings), readers(settings))
        with engine.begin() as connection:
            receive(connection, [Arrival(whole(oru("M1")))], settings.mllp)
        self.runner.run(self.job("intake")["id"])

    def job(self, kind: str = "analysis") -> Any:
        with self.engine.connect() as connection:
            # The rules have read the report by then, as a job of their own.
            asked = select(job).where(job.c.kind == kind, job.c.engine.in_(("", "m")))
            return connection.execute(asked).mappings().one()

    def read(self) -> Any:
        """The job after one more attempt, whatever its pause."""
        with self.engine.begin() as connection:
            connection.execute(job.update().values(not_before=NOW))
        self.runner.run(self.job()["id"])
        return self.job()

    def retry(self) -> None:
        """`countersign jobs retry`, as an operator does for a dead letter."""
        with self.engine.begin() as connection:
            assert jobs.retry(connection, self.job()["id"])

    def circuit(self) -> str:
        with self.engine.connect() as connection:
            return "".join(row.state for row in circuits.all_of_them(connection))


@pytest.fixture
def house(engine: Engine, model: Replay, tmp_path: Path) -> House:
    return House(engine, model, tmp_path)


AWAY = (Failure.FULL, Failure.STARTING, Failure.CUT, Failure.CLOSED)


@pytest.mark.parametrize("failure", AWAY)
def test_an_outage_counts_against_no_report_and_opens_the_circuit(
    house: House, model: Replay, failure: Failure
) -> None:
    for _ in range(volume(200)):
        model.failures = [failure] * 9
        row = house.read()
        assert (row["state"], row["lost"], row["failed"]) == ("waiting", 0, 0), row["reason"]
    assert house.circuit() == "open"


def test_a_server_that_hangs_and_answers_no_probe_is_away(
    engine: Engine, model: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("HEALTH_TIMEOUT", "ABORT_TIMEOUT"):
        monkeypatch.setattr(client, patience, 0.2)
    house = House(engine, model, tmp_path, timeout=0.2)
    model.hung = True
    for _ in range(volume(200)):
        model.failures = [Failure.HANG] * 9
        row = house.read()
        assert (row["state"], row["lost"], row["failed"]) == ("waiting", 0, 0), row["reason"]
    assert house.circuit() == "open"


def test_nonsense_counts_against_the_report_and_the_fifth_is_the_last(house: House, model: Replay) -> None:
    for _ in range(volume(200) // house.queue.max_failed):
        states = []
        for _ in range(house.queue.max_failed):
            model.failures = [Failure.NOT_JSON] * 9
            states.append(house.read()["state"])
        assert states == ["waiting"] * 4 + ["dead"]
        house.retry()
    assert house.circuit() == ""


def test_a_report_the_server_refuses_is_a_dead_letter_at_once(house: House, model: Replay) -> None:
    model.failures = [Failure.TOO_LONG]
    row = house.read()
    assert (row["state"], row["failed"]) == ("dead", 1), row["reason"]
    assert house.circuit() == ""


def test_an_answer_of_any_kind_closes_the_circuit(house: House, model: Replay) -> None:
    for failure in [*[Failure.FULL] * 5, Failure.NOT_JSON]:
        model.failures = [failure] * 9
        house.read()
    assert house.circuit() == "closed"
