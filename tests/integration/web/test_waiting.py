"""A worklist whose PostgreSQL comes late, goes and comes again says so once each time, and goes on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from services.settings import Database
from services.store.engine import connect_async
from services.web import sealing
from tests.databases import environment
from tests.faults.proxy import Proxy
from tests.ports import free_port
from tests.system import eventually


@pytest.fixture
def door(database: Database) -> Iterator[Proxy]:
    """The way to PostgreSQL, shut at first."""
    made = Proxy(database.port)
    made.shut()
    yield made
    made.stop()


def behind(door: Proxy, database: Database) -> Database:
    return database.model_copy(update={"port": door.port})


def logged(path: Path, event: str) -> list[str]:
    lines = (json.loads(line) for line in path.read_text().splitlines() if line.startswith("{"))
    return [one.get("reason", "") for one in lines if one["event"] == event]


def status(url: str) -> int:
    """Of a login, which is a write; 0 where nobody answers."""
    try:
        return httpx2.post(f"{url}/login/demo", headers={"Origin": url}, timeout=5).status_code
    except httpx2.HTTPError:
        return 0


def test_the_process_waits_for_postgresql_and_outlives_its_going(
    database: Database, door: Proxy, tmp_path: Path
) -> None:
    log, port = tmp_path / "worklist.log", free_port()
    told = {**environment(behind(door, database)), "COUNTERSIGN_WORKLIST__DEMO_LOGIN": "true"}
    told |= {"COUNTERSIGN_WORKLIST__PORT": str(port), "COUNTERSIGN_HEALTH__PORT": "0"}
    argv, url = [sys.executable, "-m", "services.cli", "worklist"], f"http://127.0.0.1:{port}"
    with log.open("wb") as file, subprocess.Popen(argv, env=os.environ | told, stderr=file) as process:
        try:
            eventually(lambda: logged(log, "waiting"), 60, "it waits")
            door.open()
            eventually(lambda: status(url) == 303 or None, 60, "it serves")
            door.shut()
            assert status(url) == 503
            door.open()
            assert status(url) == 303
        finally:
            process.terminate()
            process.wait(20)
    start, *later = logged(log, "waiting")
    assert start == "PostgreSQL does not answer"
    assert later in ([], ["PostgreSQL does not answer, or cannot be used (OperationalError): signatures wait"])


async def test_the_sealer_says_once_each_time_that_postgresql_is_away(
    database: Database, door: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SECONDS", 0.05)
    engine = connect_async(behind(door, database))
    with capture_logs() as logs:
        work = asyncio.create_task(sealing.keep_sealed(engine))
        for times in (1, 2):
            await happens(logs, "waiting", times)
            await asyncio.sleep(0.5)
            door.open()
            await happens(logs, "resumed", times)
            door.shut()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    await engine.dispose()
    waiting = [one["reason"] for one in logs if one["event"] == "waiting"]
    assert all(reason.startswith("PostgreSQL does not answer") for reason in waiting)


async def happens(logs: Sequence[Mapping[str, Any]], event: str, times: int) -> None:
    async with asyncio.timeout(60):
        while [one["event"] for one in logs].count(event) < times:  # noqa: ASYNC110 - logs wake nobody up
            await asyncio.sleep(0.02)
    assert [one["event"] for one in logs].count(event) == times
