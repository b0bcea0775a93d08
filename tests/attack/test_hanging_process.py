"""A process that hangs is found by its silence, killed, and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from services import supervisor
from services.supervisor import Part, Supervisor
from tests.ports import free_port


async def test_a_process_that_stops_answering_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.1)
    port, said = free_port(), []

    def ask() -> None:
        urlopen(f"http://127.0.0.1:{port}/", timeout=0.5).close()

    async def answers() -> bool:
        try:
            await asyncio.to_thread(ask)
        except OSError:
            return False
        return True

    argv = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    part = Part("server", argv, dict(os.environ), answers, alive=answers)
    house = Supervisor(tmp_path, said.append)
    try:
        await house.start(part)
        assert part.process
        first = part.process.pid
        os.kill(first, signal.SIGSTOP)
        for _ in range(300):
            await asyncio.sleep(0.1)
            if part.process.pid != first and await answers():
                break
        assert part.process.pid != first
    finally:
        await house.stop()

    assert any("has not answered" in line for line in said)
