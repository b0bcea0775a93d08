"""The broker over TLS: wake-ups go through, and a server that is not the one meant gets none.

The embedded Valkey is built without TLS: a terminator stands before it, as stunnel would.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from services.dispatch.queue import make_app, publish, wait_for_broker, waiting
from services.dispatch.reserve import Reserve
from services.doctor import broker_finding
from services.embedded import valkey
from services.settings import Broker, Settings
from tests.certificates import Authority
from tests.ports import free_port

PASSWORD = "test-only"


class Terminator:
    """Takes TLS on a port of its own and passes the plain bytes on."""

    def __init__(self, certificate: Path, key: Path, behind: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._behind = behind
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            await asyncio.gather(_copy(reader, behind_writer), _copy(behind_reader, writer))
        writer.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while content := await source.read(65536):
        target.write(content)
        await target.drain()
    target.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Valkey behind TLS, as its clients are told of it."""
    authority = Authority(tmp_path, "house")
    port = free_port()
    process = subprocess.Popen(valkey.command(tmp_path / "valkey", port, PASSWORD), stdout=subprocess.DEVNULL)
    terminator = Terminator(*authority.issue("server"), port)
    settings = {"host": "localhost", "port": terminator.port, "tls": True, "ca": authority.path}
    reachable = Broker(**settings, password=SecretStr(PASSWORD))
    assert wait_for_broker(threading.Event(), reachable)
    yield reachable
    terminator.stop()
    process.terminate()
    process.wait(20)


def test_a_wake_up_goes_to_a_worker_through_tls(broker: Broker) -> None:
    ran, seen = threading.Event(), list[int]()

    def run(job: int) -> None:
        seen.append(job)
        ran.set()

    app = make_app(broker, run)
    publish(app, 7, priority=0)
    assert waiting(broker) == 1
    reserve = Reserve(app, run, 1)
    reserve.start()
    assert ran.wait(30)
    reserve.tell()
    assert seen == [7]


def test_a_server_of_another_authority_gets_no_wake_up(broker: Broker, tmp_path: Path) -> None:
    stranger = broker.model_copy(update={"ca": Authority(tmp_path, "stranger").path})
    with pytest.raises(redis.RedisError):
        waiting(stranger)


def test_a_server_of_another_name_is_refused_and_the_doctor_says_what_to_look_at(broker: Broker) -> None:
    elsewhere = broker.model_copy(update={"host": "127.0.0.1"})
    with pytest.raises(redis.RedisError):
        waiting(elsewhere)
    found = broker_finding(Settings(broker=elsewhere))
    assert not found.well
    assert "COUNTERSIGN_BROKER__CA" in found.says


def test_system_trust_is_used_without_a_ca_of_our_own(broker: Broker) -> None:
    with pytest.raises(redis.RedisError):
        waiting(broker.model_copy(update={"ca": None}))
