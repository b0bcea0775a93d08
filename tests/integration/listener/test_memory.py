"""Many large messages at once take bounded memory, and every one of them is answered."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from integration.hl7v2.client import MllpClient
from integration.hl7v2.mllp import frame
from services.processes.listener import server
from services.settings import Database
from services.store.tables import message
from tests.databases import environment
from tests.listening import Listen
from tests.ports import free_port

MEGABYTE = 1024 * 1024
MANY = 40
HEAD = b"MSH|^~\\&|RIS|HOSP|||20260102||ORU^R01|%s|P|2.5\rOBR|1||F1|71020^CHEST|||||||||||||||||||||F\r"


def large(control_id: str, megabytes: float) -> bytes:
    document = b"OBX|1|ED|PDF||^AP^PDF^Base64^" + b"QUJD" * int(megabytes * MEGABYTE / 4) + b"||||||F\r"
    return HEAD % control_id.encode() + document


@contextmanager
def listener(database: Database, memory: int) -> Iterator[tuple[int, int]]:
    """The listener in a process of its own: (pid, port)."""
    port = free_port()
    mllp = {"PORT": str(port), "MEMORY": str(memory)}
    settings = {f"COUNTERSIGN_MLLP__{name}": value for name, value in mllp.items()}
    settings |= environment(database)
    settings["COUNTERSIGN_HEALTH__PORT"] = str(free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "listener"], env=os.environ | settings, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid, port
    finally:
        process.kill()
        process.wait(20)


def peak(pid: int) -> int:
    """The most memory a process has held so far, bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def test_many_large_messages_at_once_take_bounded_memory(database: Database, engine: Engine) -> None:
    with listener(database, memory=4 * MEGABYTE) as (pid, port):
        asyncio.run(answered(port, ["first"], 0.001))
        before = peak(pid)
        asyncio.run(answered(port, [f"L{number}" for number in range(MANY)], 2))
        grown = peak(pid) - before
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(message.c.state == "queued")) == MANY + 1
    assert grown < MANY * 2 * MEGABYTE / 2, f"{grown / MEGABYTE:.0f} MB more for {MANY * 2} MB of messages"


async def answered(port: int, control_ids: list[str], megabytes: float) -> None:
    """Sends messages side by side, each over a connection of its own; every one must be taken."""

    async def one(control_id: str) -> None:
        client = await connected(port)
        assert (await client.ask(large(control_id, megabytes), within=120)).code == "AA"
        await client.close()

    await asyncio.gather(*map(one, control_ids))


async def connected(port: int) -> MllpClient:
    for _ in range(200):
        try:
            return await MllpClient.connect("127.0.0.1", port)
        except Exception:
            await asyncio.sleep(0.1)
    raise AssertionError("the listener did not start")


def test_a_sender_that_falls_silent_with_the_memory_full_is_hung_up_on(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STALLED", 0.5)
    running = listen(memory=64 * 1024)
    with running.peer() as silent, running.peer() as other:
        silent.channel.sendall(frame(large("S1", 1))[: 100 * 1024])
        while not running.listener.memory.full:
            time.sleep(0.01)
        other.send(large("O1", 0.001))
        assert silent.answer() == b""
        assert b"MSA|AA|O1" in other.answer()


def test_while_the_memory_is_full_others_wait_and_the_first_is_finished(listen: Listen) -> None:
    running = listen(memory=64 * 1024)
    body = frame(large("F1", 0.2))
    with running.peer() as first, running.peer() as other:
        first.channel.sendall(body[: 100 * 1024])
        while not running.listener.memory.full:
            time.sleep(0.01)
        other.send(large("O1", 0.001))
        other.channel.settimeout(0.3)
        with pytest.raises(TimeoutError):
            other.answer()
        first.channel.sendall(body[100 * 1024 :])
        other.channel.settimeout(20)
        assert b"MSA|AA|F1" in first.answer() and b"MSA|AA|O1" in other.answer()
    deadline = time.monotonic() + 20
    while running.listener.memory.total and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.listener.memory.total == 0
