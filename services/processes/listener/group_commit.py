"""Group commit: whatever arrived while one transaction was committing goes into the next, so that many peers
share one flush to disk. No answer leaves before its commit.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from services.telemetry.logs import log
from services.telemetry.metrics import COMMIT_FRAMES, COMMIT_SECONDS, FRAMES
from services.workflow.receive import Arrival, Received, Sender

LOG = log("listener")
LARGEST_GROUP = 128
LARGEST_GROUP_BYTES = 8 * 1024 * 1024
# So many frames do not wait for the transaction under way to end: they are one of their own beside it.
FULL_GROUP = 24
# Peers that were just answered send their next message at once: a group waits so long (seconds) to be as large as
# the last one. A lone peer never waits.
GATHERING = 0.002


class NotStored(Exception):
    """The transaction was rolled back: the frames are certainly not stored."""


class Unclear(Exception):
    """The connection broke during the commit: the frames may or may not be stored."""


class Outage(NotStored):
    """Nothing can be stored at the moment."""


Store = Callable[[Sequence[Arrival]], Awaitable[list[Received]]]
Reply = Callable[[bytes, bool, Sender | None], None]


class Waiting(NamedTuple):
    """A frame and the way back to its sender: `reply(answer, hang_up, sender)`, None where nothing was stored."""

    arrival: Arrival
    reply: Reply


class GroupCommit:
    """One transaction at a time for each store; frames are taken in the order they came in."""

    def __init__(self, stores: Sequence[Store], refuse: Callable[[Arrival], bytes]) -> None:
        self._free = list(stores)
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Waiting] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._soon: asyncio.Handle | None = None
        self._target = 1
        self._drained = asyncio.Event()
        self._drained.set()
        self.failing = ""

    def submit(self, waiting: Waiting) -> None:
        """Queues a frame for the next group."""
        self._queue.append(waiting)
        self._drained.clear()
        if self._soon is None or len(self._queue) >= self._target:
            self._begin_soon()

    async def drained(self) -> None:
        """Returns when every frame has its answer."""
        await self._drained.wait()

    def _begin_soon(self) -> None:
        """After the frames that came in with this one."""
        if self._soon is not None:
            self._soon.cancel()
        self._soon = self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Starts the groups that are due, or waits for more frames, but not for long."""
        self._soon = None
        while self._free and self._queue and len(self._queue) >= (FULL_GROUP if self._under_way else self._target):
            self._start(self._free.pop(), self._next())
        if self._queue and not self._under_way:
            self._soon = self._loop.call_later(GATHERING, self._begin_with_what_is_there)

    def _begin_with_what_is_there(self) -> None:
        self._target = 1
        self._begin()

    def _start(self, store: Store, group: list[Waiting]) -> None:
        self._target = min(len(group), FULL_GROUP)
        task = self._loop.create_task(self._commit(store, group))
        self._under_way.add(task)
        task.add_done_callback(lambda _: self._ended(task, store))

    def _ended(self, task: asyncio.Task[None], store: Store) -> None:
        self._under_way.discard(task)
        self._free.append(store)
        if self._queue:
            self._begin_soon()
        elif not self._under_way:
            self._drained.set()

    def _next(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._queue and len(group) < LARGEST_GROUP and size < LARGEST_GROUP_BYTES:
            group.append(self._queue.popleft())
            size += len(group[-1].arrival.frame.body)
        return group

    async def _commit(self, store: Store, group: list[Waiting], *, again: bool = False) -> None:
        began = time.perf_counter()
        try:
            stored = await store([waiting.arrival for waiting in group])
        except NotStored as error:
            await self._failed(store, group, error, again)
            return
        except Unclear:
            self._hang_up(group)
            return
        self.failing = ""
        COMMIT_SECONDS.observe(time.perf_counter() - began)
        COMMIT_FRAMES.observe(len(group))
        for waiting, received in zip(group, stored, strict=True):
            waiting.reply(received.answer, False, received.sender)
        for outcome, count in Counter("repeated" if each.duplicate else each.state for each in stored).items():
            FRAMES.labels("hl7", outcome).inc(count)

    async def _failed(self, store: Store, group: list[Waiting], error: NotStored, again: bool) -> None:
        """One frame the database will not take must not cost its neighbours their answer: each is tried once alone."""
        if not again and not isinstance(error, Outage):
            for waiting in group:
                await self._commit(store, [waiting], again=True)
            return
        if str(error) != self.failing:
            LOG.error("not stored", reason=str(error), count=len(group))
        self.failing = str(error)
        for waiting in group:
            FRAMES.labels("hl7", "not stored").inc()
            answer = self._refuse(waiting.arrival)
            # A sender that wants no answer would take silence for success.
            waiting.reply(answer, not answer, None)

    def _hang_up(self, group: list[Waiting]) -> None:
        """Neither yes nor no would be true; sent again, a stored frame gets its stored answer."""
        self.failing = "the database connection broke during a commit"
        LOG.error("commit unclear", count=len(group))
        for waiting in group:
            FRAMES.labels("hl7", "unclear").inc()
            waiting.reply(b"", True, None)
