"""The whole system as a user starts it, for tests: `countersign up` in a folder of its own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from integration.fhir.client import Client
from integration.fhir.exchange import Page, delete, search, search_all, transaction, update
from integration.fhir.systems import Systems
from integration.hl7v2.client import Answer, MllpClient
from services.embedded import instance
from services.settings import Settings, load
from services.store import progress
from services.store.engine import connect
from services.workflow.context import endpoint, systems

# A tenth of the defaults: recovery is the same, only sooner.
QUICK = {
    "COUNTERSIGN_QUEUE__LEASE": "3",
    "COUNTERSIGN_QUEUE__RENEW": "1",
    "COUNTERSIGN_QUEUE__SWEEP": "0.5",
    "COUNTERSIGN_QUEUE__RELAY": "0.1",
    "COUNTERSIGN_QUEUE__BACKOFF": "0.5",
    "COUNTERSIGN_FHIR__POLL_INTERVAL": "2",
    "COUNTERSIGN_FHIR__POLL_OVERLAP": "10",
}


class System:
    """A running system; start it with `running_system`."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.process = process
        self.instance = instance.load(folder)
        self.settings: Settings = load({**instance.environment(folder)})
        self.engine: Engine = connect(self.settings.database)
        self.systems: Systems = systems(self.settings)
        self.fhir = Client(endpoint(self.settings.fhir))

    async def send(self, *bodies: bytes) -> list[Answer]:
        """Sends messages over one MLLP connection; their answers."""
        client = await MllpClient.connect("127.0.0.1", self.instance.ports["mllp"])
        try:
            return [await client.ask(body) for body in bodies]
        finally:
            await client.close()

    def create(self, bundle: dict[str, Any]) -> list[dict[str, Any]]:
        """Runs a transaction on the FHIR server."""
        return self.fhir.run(transaction(bundle["entry"]))

    def update(self, resource: dict[str, Any]) -> None:
        """Writes over a resource of the FHIR server, as somebody there would."""
        self.fhir.run(update(resource))

    def remove(self, reference: str) -> None:
        """Deletes a resource from the FHIR server."""
        self.fhir.run(delete(reference))

    def search(self, resource_type: str, **params: str) -> list[dict[str, Any]]:
        """All resources the FHIR server finds."""
        page: Page = self.fhir.run(search(resource_type, list(params.items())))
        return list(page.resources)

    def everything(self, resource_type: str) -> list[dict[str, Any]]:
        """All resources of a type."""
        return list(self.fhir.run(search_all(resource_type, [("_count", "200")])))

    def observations(self, identifiers: list[str]) -> list[dict[str, Any]]:
        """The Observations of these identifiers, each found exactly once."""
        found = [self.search("Observation", identifier=f"{self.systems.observation}|{i}") for i in identifiers]
        assert all(len(one) == 1 for one in found), [len(one) for one in found]
        return [one[0] for one in found]

    def task(self, row: Any) -> dict[str, Any]:
        """The one Task of a report version."""
        (task,) = self.search("Task", identifier=f"{self.systems.task}|{row.task}")
        return task

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """A transaction."""
        with self.engine.begin() as connection:
            yield connection

    def report(self, accession: str) -> Any:
        """How far a report has come, None before it is known."""
        with self.database() as connection:
            return next((row for row in progress.reports(connection) if row.accession == accession), None)

    def delivered(self, accession: str, patience: float = 60) -> Any:
        """Waits until a report is read and everything due was delivered; its row."""

        def done() -> Any:
            row = self.report(accession)
            return row if row and row.engine and row.sent and not row.unsent else None

        return eventually(done, patience, f"{accession} delivered")

    def command(self, *arguments: str) -> str:
        """stdout of a `countersign` command on this instance."""
        argv = [sys.executable, "-m", "services.cli", *arguments, "--data", str(self.folder)]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def messages(self) -> list[dict[str, Any]]:
        """`countersign messages --json`."""
        return list(json.loads(self.command("messages", "--json")))

    def pid(self, name: str) -> int:
        """Process id of a part."""
        lines = (line.split() for line in (self.folder / "children").read_text().splitlines())
        return {part: int(pid) for part, pid in lines}[name]

    def kill(self, name: str) -> None:
        """kill -9 of one part; the supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and waits."""
        self.engine.dispose()
        self.fhir.close()
        self.process.terminate()
        self.process.wait(120)


@contextmanager
def running_system(folder: Path, **settings: str) -> Iterator[System]:
    """`countersign up` until the block ends; what it wrote to stderr is shown where it does not become ready."""
    environment = {**os.environ, **QUICK, **settings}
    argv = [sys.executable, "-m", "services.cli", "up", "--data", str(folder), "--demo-login"]
    with (folder.parent / f"{folder.name}.err").open("w+") as errors:
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout
        line = process.stdout.readline()
        if line != "ready\n":
            process.kill()
            errors.seek(0)
            raise RuntimeError(f"the system did not become ready: {errors.read()[-2000:]}")
        system = System(folder, process)
        try:
            yield system
        finally:
            system.stop()


def eventually(ask: Callable[[], Any], patience: float, what: str) -> Any:
    """Asks again and again until the answer is truthy; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"not within {patience:.0f} s: {what}")
