"""A TCP proxy that hurts: delays, cuts, goes silent with connections open, or lets bytes through one by one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

from tests.ports import free_port


class Proxy:
    """Passes everything on to a port of this machine until it is told otherwise; in a thread of its own."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.delay = 0.0
        self.trickle = False
        self._target = target
        self._pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._call(self._listen())

    def cut(self) -> None:
        """Breaks every connection there is; new ones are taken."""
        self._call(self._each(_Pair.cut))

    def half_open(self) -> None:
        """Every connection there is stays open and carries nothing more; new ones work."""
        self._call(self._each(_Pair.silence))

    def shut(self) -> None:
        """Every connection breaks and none is taken, as where the server is gone."""
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()

    def open(self) -> None:
        """Connections are taken again."""
        self._call(self._listen())

    def stop(self) -> None:
        self.cut()
        self._server.close()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _call(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", self.port)

    async def _each(self, what: Any) -> None:
        for pair in list(self._pairs):
            what(pair)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(self, writer, far_writer)
        self._pairs.add(pair)
        with contextlib.suppress(OSError):
            await asyncio.gather(pair.pump(reader, far_writer), pair.pump(far_reader, writer))
        pair.cut()
        self._pairs.discard(pair)


class _Pair:
    """The two sides of one connection."""

    def __init__(self, proxy: Proxy, *writers: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._writers = writers
        self._silent = False

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        self._silent = True

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._silent:
                continue
            if self._proxy.delay:
                await asyncio.sleep(self._proxy.delay)
            for piece in [data[at : at + 1] for at in range(len(data))] if self._proxy.trickle else [data]:
                writer.write(piece)
                await writer.drain()
        if not self._silent:
            writer.close()
