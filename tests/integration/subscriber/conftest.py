"""The real FHIR server and the real subscriber process on a database of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import Written, create
from integration.fhir.systems import Json
from services.settings import Database
from services.store.tables import message
from tests.databases import environment
from tests.integration.fhir.servers import Sekmet
from tests.ports import free_port

SECRET = "a secret of the tests"


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sekmet]:
    server = Sekmet(tmp_path_factory.mktemp("fhir")).start()
    yield server
    server.stop()


@pytest.fixture
def client(fhir_server: Sekmet) -> Client:
    return Client(Endpoint(fhir_server.base_url))


class Subscriber:
    """The process as operators start it."""

    def __init__(self, database: Database, fhir_url: str, folder: Path, **more: str) -> None:
        self.port = free_port()
        self._log = folder / "subscriber.log"
        self._environment = {
            **os.environ,
            **environment(database),
            "COUNTERSIGN_FHIR__URL": fhir_url,
            "COUNTERSIGN_FHIR__NAME": str(uuid.uuid4()),
            "COUNTERSIGN_FHIR__NOTIFY_PORT": str(self.port),
            "COUNTERSIGN_FHIR__NOTIFY_SECRET": SECRET,
            "COUNTERSIGN_FHIR__POLL_INTERVAL": "3600",
            **more,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir-notify"

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> Subscriber:
        argv = [sys.executable, "-c", "from services.cli import main; main()", "subscriber"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(argv, env=self._environment, stdout=log, stderr=log)
        return self

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


@pytest.fixture
def subscribe(database: Database, fhir_server: Sekmet, tmp_path: Path) -> Iterator[Callable[..., Subscriber]]:
    """Starts subscribers; ends them with the test."""
    started: list[Subscriber] = []

    def make(url: str = fhir_server.base_url, **more: str) -> Subscriber:
        started.append(Subscriber(database, url, tmp_path, **more).start())
        return started[-1]

    yield make
    for each in started:
        each.stop()


def file_report(client: Client, status: str = "final", **changes: object) -> Written:
    """A report and its patient on the server, as an EHR would have them."""
    name = {"system": "urn:mrn", "value": str(uuid.uuid4())}
    who = client.run(create({"resourceType": "Patient", "identifier": [name]}))
    report: Json = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:ris", "value": str(uuid.uuid4())}],
        "status": status,
        "code": {"text": "XR Chest"},
        "subject": {"reference": who.reference},
        "conclusion": "Small left pleural effusion.",
        **changes,
    }
    return client.run(create(report))


def messages(engine: Engine, reference: str) -> list[str]:
    """The states of what the inbox holds of one resource."""
    with engine.connect() as connection:
        rows = connection.execute(select(message.c.state).where(message.c.resource == reference)).scalars()
        return list(rows)


def until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Waits for as long as a busy machine may need."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.1)
