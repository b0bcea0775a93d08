"""The MLLP listener: connections, group commit, TLS that can be renewed, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator

from integration.hl7v2.mllp import Frame
from integration.hl7v2.msh import read_header
from integration.hl7v2.senders import Senders
from services.processes.listener import tls
from services.processes.listener.answer_times import AnswerTimes
from services.processes.listener.connection import Connection, Due
from services.processes.listener.group_commit import GroupCommit, Waiting
from services.processes.listener.inbox_writer import InboxWriter
from services.processes.listener.memory import Memory
from services.settings import Database, Mllp
from services.telemetry import traces
from services.telemetry.logs import log
from services.telemetry.metrics import CONNECTIONS
from services.workflow.receive import Arrival, not_stored

LOG = log("listener")
BACKLOG = 512
# Seconds between looks at the certificate files.
RENEWAL_CHECK = 30.0
# Seconds for a TLS handshake; until it is done a connection is not counted among the open ones.
HANDSHAKE = 10.0
# Transactions side by side.
WRITERS = 2
# With the memory full, seconds until a sender that has fallen silent inside a frame is hung up on.
STALLED = 10.0
# Seconds a frame may take at any rate.
SLOW = 10.0


class ListenerError(Exception):
    """The listener cannot start; one line that says why and what to do."""


class Listener:
    """Accepts frames for as long as it is `open`."""

    def __init__(self, mllp: Mllp, database: Database, senders: Senders, site: str) -> None:
        self.mllp = mllp
        self.memory = Memory(mllp.memory)
        self.times = AnswerTimes(database)
        self._senders = senders
        self._site = site
        self._writers = [InboxWriter(database, mllp, senders) for _ in range(WRITERS)]
        self.commits = GroupCommit([each.store for each in self._writers], lambda arrival: not_stored(arrival, mllp))
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that was taken (the setting may be any free one, in tests)."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Listener]:
        """Listens inside the block and drains at its end. Raises ListenerError, tls.TlsError."""
        self._socket = _bind(self.mllp)
        await self._serve()
        tasks = [asyncio.create_task(each) for each in (self._renew(), self._end_stalled(), self.times.keep())]
        try:
            yield self
        finally:
            await self._drain()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.times.write()
            for writer in self._writers:
                await writer.close()

    def arrived(self, frame: Frame, due: Due) -> None:
        """Queues a frame; its answer goes to the connection after the commit."""
        arrival = Arrival(frame, due.connection.peer, self._site_of(frame), self._trace_of(frame))
        self.commits.submit(Waiting(arrival, due.settle))

    def opened(self, connection: Connection) -> bool:
        """Whether one more connection is within the limit."""
        if self._is_crowded(connection) and not self._make_room(connection.address):
            return False
        self._connections.add(connection)
        self.memory.joins(connection)
        self._empty.clear()
        CONNECTIONS.set(len(self._connections))
        return True

    def _is_crowded(self, connection: Connection) -> bool:
        if len(self._connections) >= self.mllp.max_connections:
            return True
        return len(self._from(connection.address)) >= self.mllp.max_per_address

    def _from(self, address: str) -> list[Connection]:
        return [each for each in self._connections if each.address == address]

    def _make_room(self, address: str) -> bool:
        """Closes the connection that has waited longest for its peer, of the address that has the most.

        Its sender connects again and loses nothing: what was not answered is sent again.
        """
        if len(self._from(address)) < self.mllp.max_per_address:
            address = Counter(each.address for each in self._connections).most_common(1)[0][0]
        idle = [each for each in self._from(address) if each.idle]
        if not idle:
            return False
        oldest = min(idle, key=lambda each: each.waits_since)
        LOG.warning("connection closed", reason="its address holds too many; the oldest idle one", peer=oldest.peer)
        self.closed(oldest)
        oldest.abort()
        return True

    def closed(self, connection: Connection) -> None:
        """Counts a connection out."""
        self._connections.discard(connection)
        self.memory.leaves(connection)
        if not self._connections:
            self._empty.set()
        CONNECTIONS.set(len(self._connections))

    def _site_of(self, frame: Frame) -> str:
        header = read_header(frame.body) if self._senders.sites else None
        if header is None:
            return self._site
        return self._senders.find(header.application, header.facility).site or self._site

    def _trace_of(self, frame: Frame) -> str:
        if not traces.is_on():
            return ""
        with traces.span("mllp frame", bytes=frame.size):
            return traces.here()

    async def _serve(self) -> None:
        """Accepts with the certificates as they are now; connections that are open stay as they are."""
        assert self._socket is not None
        context = tls.context(self.mllp)
        earlier = self._server
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self),
            sock=self._socket.dup(),
            ssl=context,
            backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE if context else None,
        )
        if earlier is not None:
            earlier.close()

    async def _renew(self) -> None:
        """Takes up renewed certificates; while new ones cannot be used the old ones stay."""
        known = tls.changed(self.mllp)
        while True:
            await asyncio.sleep(RENEWAL_CHECK)
            if (now := tls.changed(self.mllp)) != known:
                known = now
                await self.renew()

    async def _end_stalled(self) -> None:
        """A sender that goes no further, or by a byte at a time, holds up others; it was promised nothing."""
        while True:
            await asyncio.sleep(STALLED / 10)
            for connection in [each for each in self._connections if self.memory.full and each.stalled(STALLED)]:
                LOG.warning("connection closed", reason="silent inside a frame, memory full", peer=connection.peer)
                connection.abort()
            for connection in [each for each in self._connections if each.trickles(self.mllp.min_rate, SLOW)]:
                LOG.warning("connection closed", reason="a frame comes in too slowly", peer=connection.peer)
                connection.abort()

    def renew_soon(self) -> None:
        """For a signal handler."""
        self._renewal = asyncio.get_running_loop().create_task(self.renew())

    async def renew(self) -> None:
        """Loads the certificate files again."""
        try:
            await self._serve()
            LOG.info("certificates renewed")
        except tls.TlsError:
            LOG.error("certificates not renewed", reason="the new files cannot be used; the old ones stay")

    async def _drain(self) -> None:
        """No new connections; frames under way get their answers, within the drain time."""
        assert self._socket is not None and self._server is not None
        self._server.close()
        self._socket.close()
        for connection in list(self._connections):
            connection.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.mllp.drain_timeout):
                await self._all_closed()
        for connection in list(self._connections):
            connection.abort()

    async def _all_closed(self) -> None:
        await self.commits.drained()
        await self._empty.wait()


def _bind(mllp: Mllp) -> socket.socket:
    try:
        family = socket.getaddrinfo(mllp.host, mllp.port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((mllp.host, mllp.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenerError(
            f"cannot listen on {mllp.host}:{mllp.port}: {error.strerror or error}; "
            "free the port or set COUNTERSIGN_MLLP__HOST and COUNTERSIGN_MLLP__PORT"
        ) from None
    made.setblocking(False)
    return made
