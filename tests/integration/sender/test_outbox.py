"""The sender's loop: who is away is said once and waited for; what takes long keeps its lease."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, select, text
from structlog.testing import capture_logs

from services.processes.relay.main import measure
from services.processes.sender.carriers import FhirCarrier
from services.processes.sender.outbox import AWAY, Outbox
from services.settings import Database, Fhir, Queue, Settings, Writeback
from services.store.tables import delivery
from services.workflow.context import fhir_client, systems
from services.workflow.delivery import FhirTarget
from tests.integration.sender.house import House
from tests.messages import oru
from tests.ports import free_port
from tests.system import eventually

QUEUE = Queue(backoff=0.2, relay=0.1)
REPORTS = 6


def settings(database: Database, port: int) -> Settings:
    return Settings(database=database, fhir=Fhir.model_validate({"url": f"http://127.0.0.1:{port}/fhir"}), queue=QUEUE)


@contextmanager
def running(engine: Engine, chosen: Settings) -> Iterator[Outbox]:
    target = FhirTarget(fhir_client(chosen.fhir), systems(chosen), chosen)
    outbox = Outbox(engine, FhirCarrier(target), chosen.queue)
    stop = threading.Event()
    thread = threading.Thread(target=outbox.loop, args=(stop,), daemon=True)
    thread.start()
    try:
        yield outbox
    finally:
        stop.set()
        thread.join(30)


@contextmanager
def fhir_server(port: int) -> Iterator[None]:
    """A sink that takes what it is given."""
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.null_fhir", str(port)])
    try:
        yield
    finally:
        process.kill()
        process.wait(20)


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(delivery.c.state)).scalars())


def tried(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT coalesce(sum(attempts), 0) FROM delivery")) or 0)


@pytest.fixture
def filled(engine: Engine, database: Database) -> Settings:
    """An outbox of a few reports for a server nobody has started yet."""
    chosen = settings(database, free_port())
    home = House(engine, database, str(chosen.fhir.url), Writeback())
    for number in range(REPORTS):
        home.take(oru(f"O{number}"))
    home.read()
    return chosen


def said(logs: list[dict[str, object]], event: str) -> list[object]:
    return [one["reason"] for one in logs if one["event"] == event]


def test_a_fhir_server_that_comes_late_is_waited_for_and_said_once(engine: Engine, filled: Settings) -> None:
    assert filled.fhir.url and filled.fhir.url.port
    with capture_logs() as logs, running(engine, filled):
        eventually(lambda: tried(engine) > 3 * FhirCarrier.at_once, 60, "tried again and again")
        with fhir_server(filled.fhir.url.port):
            eventually(lambda: states(engine) == ["sent"] * REPORTS, 60, "the outbox emptied")
    assert said(list(logs), "waiting") == ["the FHIR server does not answer"]
    assert len(said(list(logs), "resumed")) == 1


def test_a_database_that_goes_and_comes_back_is_said_once(engine: Engine, filled: Settings) -> None:
    name = engine.url.database
    server = engine.execution_options(isolation_level="AUTOCOMMIT")
    assert filled.fhir.url and filled.fhir.url.port
    with capture_logs() as logs, server.connect() as connection, fhir_server(filled.fhir.url.port):
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        fresh = engine.execution_options()
        engine.dispose()
        with running(fresh, filled):
            eventually(lambda: AWAY in said(list(logs), "waiting"), 60, "it is said")
            connection.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
            fresh.dispose()
            eventually(lambda: states(engine) == ["sent"] * REPORTS, 60, "the outbox emptied")
    assert said(list(logs), "waiting").count(AWAY) == 1


def test_an_outbox_that_grows_shows_in_the_metrics_the_alarm_asks_for(engine: Engine, filled: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(delivery.update().values(created_at=text("now() - interval '1 h'")))
        measure(connection, QUEUE)
    assert REGISTRY.get_sample_value("countersign_deliveries", {"state": "pending"}) == REPORTS
    assert (REGISTRY.get_sample_value("countersign_oldest_delivery_age_seconds") or 0) >= 3600
    with engine.begin() as connection:
        connection.execute(delivery.update().values(state="sent"))
        measure(connection, QUEUE)
    assert REGISTRY.get_sample_value("countersign_deliveries", {"state": "pending"}) is None
