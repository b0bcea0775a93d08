"""A real listener in this process, on a real PostgreSQL, and a plain socket to speak to it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from integration.hl7v2.mllp import Deframer, frame
from integration.hl7v2.senders import Senders
from services.processes.listener.server import Listener
from services.settings import Database, Mllp

Listen = Callable[..., "Running"]


class Running:
    """A listener in a thread of its own; `stop` drains it as SIGTERM does."""

    def __init__(self, database: Database, mllp: Mllp, senders: Senders) -> None:
        self.mllp = mllp
        self._database = database
        self._senders = senders
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        if not self._started.wait(20):
            raise RuntimeError("the listener did not start")

    async def _main(self) -> None:
        self.listener = Listener(self.mllp, self._database, self._senders, "default")
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with self.listener.open():
            self.port = self.listener.port
            self._started.set()
            await self._end.wait()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(20)

    def call(self, coroutine: Callable[[], object]) -> None:
        """Runs a coroutine function of the listener in its loop."""
        asyncio.run_coroutine_threadsafe(coroutine(), self._loop).result(20)  # type: ignore[arg-type]

    @contextmanager
    def peer(self) -> Iterator[Peer]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as channel:
            yield Peer(channel)


class Peer:
    """The sending side, one socket."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self._deframer = Deframer(1 << 20)
        self._answers: list[bytes] = []

    def send(self, *bodies: bytes) -> None:
        self.channel.sendall(b"".join(frame(body) for body in bodies))

    def answer(self) -> bytes:
        """The next answer; b"" when the listener has hung up."""
        while not self._answers:
            data = self.channel.recv(65536)
            if not data:
                return b""
            self._answers += [found.body for found in self._deframer.feed(data)]
        return self._answers.pop(0)

    def ask(self, body: bytes) -> bytes:
        self.send(body)
        return self.answer()
