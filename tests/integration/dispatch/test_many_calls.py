"""One worker process waits for 128 answers of a slow model at once: how much memory it takes, and whose connections it
holds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from integration.hl7v2.mllp import whole
from services.embedded import valkey
from services.settings import Database, Mllp
from services.workflow.receive import Arrival
from tests.databases import environment
from tests.messages import oru
from tests.ports import free_port
from tests.receiving import receive
from tests.system import eventually

CALLS = 128
# A tenth of the slots takes STAT only.
SLOTS = 143
MEGABYTES = 300
SECRET = "test-only"
ENGINE = """
engines:
  - name: slow
    url: {url}
    model: any
    local: true
    concurrency: 128
    timeout: {timeout}
    attempts: 1
"""
BUSY = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE '%in transaction%'"


class SlowModel:
    """Takes calls and answers none until it is released; then it says it is full."""

    def __init__(self) -> None:
        self.port = free_port()
        self.waiting = 0
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True).start()

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._released.set)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._call, "127.0.0.1", self.port, backlog=512)
        await server.serve_forever()

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.waiting += head.startswith(b"POST /v1/chat/completions")
        await self._released.wait()
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@contextmanager
def child(argv: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


@pytest.fixture
def model() -> Iterator[SlowModel]:
    made = SlowModel()
    yield made
    made.release()


def settings(database: Database, broker: int, folder: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")},
        **environment(database),
        "COUNTERSIGN_BROKER__PORT": str(broker),
        "COUNTERSIGN_BROKER__PASSWORD": SECRET,
        "COUNTERSIGN_CONFIG_DIR": str(folder),
        "COUNTERSIGN_READING__ENGINE": "slow",
        "COUNTERSIGN_QUEUE__CONCURRENCY": str(SLOTS),
        "COUNTERSIGN_QUEUE__RELAY": "0.1",
        "COUNTERSIGN_HEALTH__PORT": "0",
        "MALLOC_ARENA_MAX": "2",
    }


def test_128_calls_in_one_process_fit_into_300_mb_and_hold_no_transaction(
    engine: Engine, database: Database, model: SlowModel, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{model.port}/v1"
    with at_work(engine, database, tmp_path, url, reports=CALLS) as worker:
        eventually(lambda: model.waiting >= CALLS, 120, f"{CALLS} calls at once")
        # The relay and the lease keeper are in one for a moment; one held for a call would stay.
        eventually(lambda: not busy(engine), 5, "a moment without a transaction")
        assert resident(worker) < MEGABYTES
    assert model.waiting == CALLS


@contextmanager
def at_work(
    engine: Engine, database: Database, folder: Path, url: str, *, reports: int, timeout: int = 120
) -> Iterator[int]:
    """The process id of a worker that asks a model at `url` about this many reports."""
    broker = free_port()
    (folder / "engines.yaml").write_text(ENGINE.format(url=url, timeout=timeout))
    with engine.begin() as connection:
        receive(connection, [Arrival(whole(oru(f"M{number:03d}"))) for number in range(reports)], Mllp())
    with ExitStack() as stack:
        environment = settings(database, broker, folder)
        stack.enter_context(child(valkey.command(folder / "valkey", broker, SECRET), environment))
        commands = {name: [sys.executable, "-m", "services.cli", name] for name in ("relay", "worker")}
        running = {name: stack.enter_context(child(argv, environment)) for name, argv in commands.items()}
        yield running["worker"].pid


def failed(engine: Engine) -> int:
    """Readings that ended in a failure or an outage which their job tells."""
    with engine.connect() as connection:
        asked = "SELECT count(*) FROM job WHERE kind = 'analysis' AND reason IS NOT NULL AND reason <> ''"
        return connection.scalar(text(asked)) or 0


def peak(pid: int) -> float:
    """MB of RAM a process had at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e3


def busy(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(text(BUSY)) or 0


def resident(pid: int) -> float:
    """MB of RAM a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
