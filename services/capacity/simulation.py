"""A day in front of the model nodes, event by event (SimPy): relay, broker, worker slots and nodes.

The relay looks, publishes and keeps the broker shallow as the real one does (relay_order.py). A free slot takes STAT
before anything else; slots kept for STAT take nothing else. A node reads one prompt at a time, shares its tokens a
second evenly among the requests it runs, and runs no more than its profile allows; the most urgent goes in first.
Intake, which takes milliseconds, is left out; no worker and no node fails.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from services.capacity.demand import Arrival
from services.capacity.node import CapacityError, Node
from services.capacity.relay_order import STAT, Ready, kept, room
from services.settings import Queue

if TYPE_CHECKING:
    import simpy

    Waiting = Generator[simpy.Event, Any, None]


@dataclass(slots=True)
class Read:
    """What became of one report; seconds since midnight of the first day."""

    arrival: Arrival
    started: float = 0.0
    ended: float = 0.0

    @property
    def wait(self) -> float:
        """Seconds until a slot took it."""
        return self.started - self.arrival.at

    @property
    def turnaround(self) -> float:
        """Seconds until its suggestions were there."""
        return self.ended - self.arrival.at


@dataclass(frozen=True, slots=True)
class House:
    """What stands there: so many nodes, and workers of so many slots each."""

    node: Node
    nodes: int
    workers: int
    slots: int


def simulate(house: House, queue: Queue, arrivals: Sequence[Arrival]) -> list[Read]:
    """Every report in the order of arrival, read to its end. Raises CapacityError where SimPy is not installed."""
    environment = _clock()
    reads = [Read(one) for one in arrivals]
    system = _System(environment, house, queue, reads)
    environment.process(system.take_in())
    environment.process(system.relay())
    environment.run(until=system.finished)
    return reads


def _clock() -> simpy.Environment:
    # The image of the processes does without it: planning is the work of a command.
    try:
        import simpy
    except ModuleNotFoundError:
        raise CapacityError(
            "the simulation needs SimPy: in a checkout `make setup`, else pip install 'countersign[evaluation]'; the "
            "image leaves it out"
        ) from None
    return simpy.Environment()


class _System:
    def __init__(self, environment: simpy.Environment, house: House, queue: Queue, reads: list[Read]) -> None:
        self.finished = environment.event()
        self._now = environment
        self._came = environment.event()
        self._queue = queue
        self._reads = {read.arrival.number: read for read in reads}
        self._left = len(reads)
        self._ready = Ready()
        self._broker: tuple[deque[Read], deque[Read]] = (deque(), deque())
        self._kept = house.workers * kept(house.slots, queue.stat_reserve)
        self._slots = house.workers * house.slots
        self._shared = self._slots - self._kept
        self._free = [self._shared, self._kept]
        self._out = [0, 0]
        self._nodes = [_Server(environment, house.node, self._done) for _ in range(house.nodes)]
        if not reads:
            self.finished.succeed()

    def take_in(self) -> Waiting:
        """Reports arrive."""
        for read in self._reads.values():
            yield self._now.timeout(max(0.0, read.arrival.at - self._now.now))
            self._ready.add(read.arrival.number, read.arrival.priority, read.arrival.sender)
            if not self._came.triggered:
                self._came.succeed()

    def relay(self) -> Waiting:
        """Looks, publishes, rests: a tenth as long where there was something, then twice as long each time."""
        pause = self._queue.relay
        while True:
            taken = self._ready.take(*room(self._queue, self._slots, self._shared, *self._out)) if self._ready else []
            for priority, number in taken:
                self._out[priority > STAT] += 1
                self._broker[priority > STAT].append(self._reads[number])
            self._start()
            if taken or self._ready:
                pause = self._queue.relay / 10 if taken else min(2 * pause, self._queue.relay)
                yield self._now.timeout(pause)
            else:
                # Looks that would find nothing are not simulated; the next one is at its usual beat.
                self._came = self._now.event()
                yield self._came
                yield self._now.timeout(self._queue.relay - self._now.now % self._queue.relay)

    def _start(self) -> None:
        stat, others = self._broker
        while stat and any(self._free):
            self._begin(stat.popleft(), 1 if self._free[1] else 0)
        while others and self._free[0]:
            self._begin(others.popleft(), 0)

    def _begin(self, read: Read, slot: int) -> None:
        self._free[slot] -= 1
        read.started = self._now.now
        min(self._nodes, key=_Server.load).serve(read, slot)

    def _done(self, read: Read, slot: int) -> None:
        read.ended = self._now.now
        self._free[slot] += 1
        self._out[read.arrival.priority > STAT] -= 1
        self._left -= 1
        self._start()
        if not self._left:
            self.finished.succeed()


class _Server:
    """A node. As SGLang does, it reads waiting prompts before anybody gets another token.

    `_given` is how many tokens each running request has been given since the beginning.
    """

    def __init__(self, environment: simpy.Environment, node: Node, done: Callable[[Read, int], None]) -> None:
        self._now = environment
        self._node = node
        self._done = done
        self._rates = [0.0, *(node.decode(batch) / batch for batch in range(1, node.running + 1))]
        self._queued: list[tuple[int, int, Read, int]] = []
        self._prompt: tuple[Read, int] | None = None
        self._running: list[tuple[float, int, Read, int]] = []
        self._given = 0.0
        self._at = 0.0
        self._turn = 0

    def load(self) -> int:
        """Requests it has."""
        return len(self._running) + len(self._queued) + (self._prompt is not None)

    def serve(self, read: Read, slot: int) -> None:
        """Takes a request; `slot` comes back with the answer."""
        heapq.heappush(self._queued, (read.arrival.priority, read.arrival.number, read, slot))
        if self._prompt is None and len(self._running) < self._node.running:
            self._advance()
            self._go_on()

    def _go_on(self) -> None:
        """The next prompt where there is one and room for it, else tokens for all."""
        if self._queued and len(self._running) < self._node.running:
            _, _, read, slot = heapq.heappop(self._queued)
            self._prompt = read, slot
            self._after(read.arrival.tokens.uncached / self._node.prefill, self._has_read)
        elif self._running:
            self._after((self._running[0][0] - self._given) / self._rates[len(self._running)], self._has_said)

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._turn += 1
        alarm = self._now.timeout(max(0.0, seconds))
        alarm.callbacks.append(partial(self._ring, self._turn, then))

    def _ring(self, turn: int, then: Callable[[], None], _: simpy.Event) -> None:
        """What was to happen, unless something else came before it."""
        if turn == self._turn:
            then()

    def _has_read(self) -> None:
        assert self._prompt is not None
        (read, slot), self._prompt = self._prompt, None
        self._at = self._now.now
        heapq.heappush(self._running, (self._given + read.arrival.tokens.output, read.arrival.number, read, slot))
        self._go_on()

    def _has_said(self) -> None:
        self._given, _, read, slot = heapq.heappop(self._running)
        self._at = self._now.now
        self._go_on()
        self._done(read, slot)

    def _advance(self) -> None:
        self._given += (self._now.now - self._at) * self._rates[len(self._running)]
        self._at = self._now.now
