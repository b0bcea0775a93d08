"""One MLLP connection: bytes in, frames to the inbox, stored answers out, in the order of the frames."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from typing import Protocol, cast

from integration.hl7v2.mllp import Deframer, Frame
from services.processes.listener.answer_times import AnswerTimes
from services.processes.listener.memory import Memory
from services.settings import Mllp
from services.telemetry.logs import log
from services.workflow.receive import Sender

LOG = log("listener")
# A peer may have this much unanswered before we stop reading from it; one frame may always pass.
MOST_PENDING_FRAMES = 64
MOST_PENDING_BYTES = 1024 * 1024
# Senders that end a block with FS alone are answered after this silence, seconds.
END_WITHOUT_CR = 0.5
# Bytes outside frames that are no news; more are said at once, for such a sender waits for an answer.
MOST_IGNORED = 8
# All connections read into this: what has come is taken out before another reads. asyncio's own buffer of 256 KiB,
# made and given back for each read, takes more processor time than the message in it.
_INCOMING = memoryview(bytearray(256 * 1024))


class House(Protocol):
    """What a connection needs of the listener."""

    mllp: Mllp
    memory: Memory
    times: AnswerTimes

    def arrived(self, frame: Frame, due: Due) -> None:
        """Takes a frame; `due.settle` follows once it is stored, or is not."""

    def opened(self, connection: Connection) -> bool:
        """Counts the connection in; False when there are too many."""

    def closed(self, connection: Connection) -> None:
        """Counts it out."""


class Due:
    """The answer to one frame. Whenever it is known, it leaves after those of the frames before."""

    __slots__ = ("answer", "connection", "hang_up", "sender", "since", "size")

    def __init__(self, connection: Connection, size: int) -> None:
        self.connection = connection
        self.size = size
        self.answer: bytes | None = None
        self.hang_up = False
        self.sender: Sender | None = None
        self.since = time.perf_counter()

    def settle(self, answer: bytes, hang_up: bool, sender: Sender | None) -> None:
        """Sends the answer (b"" for none); `hang_up` when the sender must not wait for one."""
        self.answer, self.hang_up, self.sender = answer, hang_up, sender
        self.connection.reply()


class Connection(asyncio.BufferedProtocol):
    """Reading stops while too much is unanswered, or while the peer does not read its answers."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._deframer = Deframer(house.mllp.max_bytes)
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._pending: deque[Due] = deque()
        self._owed = 0
        self._ending = False
        self._deaf = False
        self._blocked = False
        self._complained = False
        # Since when this connection has waited for its peer: to begin a frame, or to finish it.
        self.waits_since = self._heard
        self._begun = (self._heard, 0)
        self._idle: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None
        self.peer = ""
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")
        self.peer = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else ""
        self.address = address[0] if isinstance(address, tuple) else ""
        channel = transport.get_extra_info("socket")
        if channel is not None:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._house.opened(self):
            LOG.warning("connection refused", reason="too many connections", peer=self.peer)
            self._transport.abort()
            return
        self.regulate()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._idle, self._silence):
            if timer is not None:
                timer.cancel()
        if self._deframer.inside:
            LOG.warning("connection lost inside a frame", peer=self.peer, bytes=self._deframer.size)
        if self._deframer.ignored:
            LOG.info("bytes outside frames in all", peer=self.peer, bytes=self._deframer.ignored)
        self._house.closed(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _INCOMING

    def buffer_updated(self, nbytes: int) -> None:
        self._heard = self._loop.time()
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        was_inside = self._deframer.inside
        self._take(self._deframer.feed(bytes(_INCOMING[:nbytes])))
        if not was_inside:
            self._begun = self._heard, 0
        if self._deframer.ignored > MOST_IGNORED and not self._complained:
            self._complained = True
            LOG.warning("bytes outside frames", peer=self.peer, bytes=self._deframer.ignored)
        if self._deframer.ended:
            self._silence = self._loop.call_later(END_WITHOUT_CR, self._flush)

    def eof_received(self) -> bool:
        """The peer has sent all it will; answers that are due still go out."""
        self._flush()
        self._ending = True
        encrypted = self._transport.get_extra_info("sslcontext") is not None
        return bool(self._pending) and not encrypted

    def pause_writing(self) -> None:
        self._deaf = True
        self.regulate()

    def resume_writing(self) -> None:
        self._deaf = False
        self.regulate()

    def reply(self) -> None:
        """Sends the answers that are there, up to the first that is not."""
        hang_up = False
        while not hang_up and self._pending and self._pending[0].answer is not None:
            due = self._pending.popleft()
            self._owed -= due.size
            hang_up = due.hang_up
            if due.answer and not self._transport.is_closing():
                self._transport.write(due.answer)
                self._house.times.note(due.sender, time.perf_counter() - due.since)
        self._weigh()
        if hang_up or (self._ending and not self._pending):
            self._transport.close()
        else:
            self.regulate()

    def drain(self) -> None:
        """Ends the connection as soon as nothing is under way on it."""
        self._ending = True
        if not self._pending and not self._deframer.inside:
            self._transport.close()

    def abort(self) -> None:
        """Ends the connection at once; frames without an answer will be sent again."""
        self._transport.abort()

    def _flush(self) -> None:
        self._take(self._deframer.flush())

    def _take(self, frames: list[Frame]) -> None:
        for frame in frames:
            due = Due(self, len(frame.body))
            self._pending.append(due)
            self._owed += due.size
            self._house.arrived(frame, due)
        self._weigh()
        if frames:
            self.waits_since = self._loop.time()
            self._begun = self.waits_since, 0
            self.regulate()

    def _weigh(self) -> None:
        self._house.memory.holds(self, self._owed + self._deframer.held)

    def regulate(self) -> None:
        """Reads on, or stops reading."""
        crowded = len(self._pending) >= MOST_PENDING_FRAMES or self._owed >= MOST_PENDING_BYTES
        blocked = crowded or self._deaf or not self._house.memory.may_read(self)
        if blocked == self._blocked or self._transport.is_closing():
            return
        self._blocked = blocked
        if blocked:
            self._transport.pause_reading()
        else:
            self._heard = self._loop.time()
            self._begun = self._heard, self._deframer.size
            self._transport.resume_reading()

    def stalled(self, seconds: float) -> bool:
        """Whether a frame has begun, may go on, and nothing has come for so long."""
        return self._deframer.inside and not self._blocked and self._loop.time() - self._heard > seconds

    def trickles(self, rate: int, grace: float) -> bool:
        """Whether a frame comes in with fewer than `rate` bytes a second, after `grace` seconds of it."""
        since, size = self._begun
        took = self._loop.time() - since
        return self._deframer.inside and not self._blocked and took > grace and self._deframer.size - size < rate * took

    @property
    def idle(self) -> bool:
        """Whether nothing is owed to the peer."""
        return not self._pending

    def _watch(self) -> None:
        """Closes a connection on which nothing has been heard for the idle time and nothing is owed."""
        silent = self._loop.time() - self._heard
        left = self._house.mllp.idle_timeout - silent
        if left <= 0 and not self._pending:
            LOG.info("connection closed", reason="idle", peer=self.peer, seconds=round(silent))
            self._transport.close()
            return
        self._idle = self._loop.call_later(max(left, 0.1), self._watch)
