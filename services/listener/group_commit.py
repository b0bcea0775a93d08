"""Group commit: whatever arrived while one transaction was committing goes into the next, so that many peers
share one flush to disk. No answer leaves before its commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.pipeline.receive import Arrival, Received
from services.telemetry.logs import log
from services.telemetry.metrics import COMMIT_FRAMES, COMMIT_SECONDS, FRAMES

LOG = log("listener")
LARGEST_GROUP = 128
LARGEST_GROUP_BYTES = 32 * 1024 * 1024
# Peers that were just answered send their next message at once: a group waits so long (seconds) to be as large as
# the last one. A lone peer never waits.
GATHERING = 0.002


class NotStored(Exception):
    """The transaction was rolled back: the frames are certainly not stored."""


class Unclear(Exception):
    """The connection broke during the commit: the frames may or may not be stored."""


Store = Callable[[Sequence[Arrival]], Awaitable[list[Received]]]
Reply = Callable[[bytes, bool], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame and the way back to its sender: `reply(answer, hang_up)`."""

    arrival: Arrival
    reply: Reply


class GroupCommit:
    """One committer; frames are stored in the order they came in."""

    def __init__(self, store: Store, refuse: Callable[[Arrival], bytes]) -> None:
        self._store = store
        self._refuse = refuse
        self._queue: deque[Waiting] = deque()
        self._more = asyncio.Event()
        self._enough = asyncio.Event()
        self._target = 1
        self._idle = asyncio.Event()
        self._idle.set()
        self.failing = ""

    def submit(self, waiting: Waiting) -> None:
        """Queues a frame for the next group."""
        self._queue.append(waiting)
        self._idle.clear()
        self._more.set()
        if len(self._queue) >= self._target:
            self._enough.set()

    async def run(self) -> None:
        """Commits group after group, for ever."""
        while True:
            await self._more.wait()
            while self._queue:
                await self._gather()
                group = self._next()
                self._target = len(group)
                await self._commit(group)
            self._more.clear()
            self._idle.set()

    async def drained(self) -> None:
        """Returns when every frame has its answer."""
        await self._idle.wait()

    async def _gather(self) -> None:
        if len(self._queue) >= self._target:
            return
        self._enough.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHERING):
                await self._enough.wait()

    def _next(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._queue and len(group) < LARGEST_GROUP and size < LARGEST_GROUP_BYTES:
            group.append(self._queue.popleft())
            size += len(group[-1].arrival.frame.body)
        return group

    async def _commit(self, group: list[Waiting], *, again: bool = False) -> None:
        began = time.perf_counter()
        try:
            stored = await self._store([waiting.arrival for waiting in group])
        except NotStored as error:
            await self._failed(group, error, again)
            return
        except Unclear:
            self._hang_up(group)
            return
        self.failing = ""
        COMMIT_SECONDS.observe(time.perf_counter() - began)
        COMMIT_FRAMES.observe(len(group))
        for waiting, received in zip(group, stored, strict=True):
            FRAMES.labels("hl7", "repeated" if received.duplicate else received.state).inc()
            waiting.reply(received.answer, False)

    async def _failed(self, group: list[Waiting], error: NotStored, again: bool) -> None:
        """One frame the database will not take must not cost its neighbours their answer.

        Each is tried once more alone; a frame another listener stored at the same moment is then known.
        """
        if not again and not isinstance(error, Outage):
            for waiting in group:
                await self._commit([waiting], again=True)
            return
        self.failing = str(error)
        LOG.error("not stored", reason=str(error), count=len(group))
        for waiting in group:
            FRAMES.labels("hl7", "not stored").inc()
            answer = self._refuse(waiting.arrival)
            # A sender that wants no answer would take silence for success.
            waiting.reply(answer, not answer)

    def _hang_up(self, group: list[Waiting]) -> None:
        """Neither yes nor no would be true; sent again, a stored frame gets its stored answer."""
        self.failing = "the database connection broke during a commit"
        LOG.error("commit unclear", count=len(group))
        for waiting in group:
            FRAMES.labels("hl7", "unclear").inc()
            waiting.reply(b"", True)


class Outage(NotStored):
    """Nothing can be stored at the moment."""
