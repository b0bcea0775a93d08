"""The relay's rules in memory: which jobs go out next. `services.store.jobs` holds the same rules as SQL.

A test gives both the same random queues and holds them to the same answers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

from services.settings import Queue

STAT = 0


class Ready:
    """Jobs that are due and were not published, one lane for each priority and sender."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[int, str], deque[int]] = {}
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def add(self, job: int, priority: int, sender: str) -> None:
        """Jobs of a lane come in the order of their numbers."""
        self._lanes.setdefault((priority, sender), deque()).append(job)
        self._waiting += 1

    def take(self, stat: int, others: int) -> list[tuple[int, int]]:
        """The next jobs, (priority, number): STAT first, then by priority, each sender in turn."""
        taken = [*self._in_turn(STAT, stat)]
        for priority in sorted({priority for priority, _ in self._lanes if priority != STAT}):
            more = [*self._in_turn(priority, others)]
            others -= len(more)
            taken += more
        self._waiting -= len(taken)
        return sorted(taken)

    def _in_turn(self, priority: int, room: int) -> Iterator[tuple[int, int]]:
        lanes = {key: lane for key, lane in self._lanes.items() if key[0] == priority} if room > 0 else {}
        while lanes and room > 0:
            for job, key in sorted((lane[0], key) for key, lane in lanes.items())[:room]:
                lanes[key].popleft()
                room -= 1
                yield priority, job
                if not lanes[key]:
                    del lanes[key], self._lanes[key]


def kept(slots: int, share: float) -> int:
    """How many of a worker's slots only STAT may use."""
    return min(slots - 1, math.ceil(slots * share))


def room(queue: Queue, slots: int, shared: int, stat: int, others: int) -> tuple[int, int]:
    """(for STAT, for others): how many more to publish beside those published or being read."""
    depth = queue.depth
    return max(0, round(slots * depth) - stat), max(0, round(shared * depth) - others)
