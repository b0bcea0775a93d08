"""Two transactions at a time, statement by statement, in an order that is chosen and not waited for.

Each runs in a thread of its own and stops before every statement until it is let go. One that waits for a lock of the
other is seen to in PostgreSQL's own list of who waits, so that no step depends on how fast the machine is.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event, text

WAITS = text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid")


@dataclass
class Actor:
    """One transaction under way: `work` is given its connection."""

    engine: Engine
    work: Callable[[Connection], Any]
    result: Any = None
    error: Exception | None = None
    pid: int = 0
    steps: int = 0
    _at_rest: threading.Event = field(default_factory=threading.Event)
    _go: threading.Event = field(default_factory=threading.Event)
    done: bool = False

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()
        self._at_rest.wait(30)

    def _run(self) -> None:
        try:
            with self.engine.connect() as connection:
                self.pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
                event.listen(connection, "before_cursor_execute", lambda *_: self._pause())
                self._pause()
                with connection.begin():
                    self.result = self.work(connection)
                    self._pause()
        except Exception as error:
            self.error = error
        finally:
            self.done = True
            self._at_rest.set()

    def _pause(self) -> None:
        self.steps += 1
        self._at_rest.set()
        self._go.wait(30)
        self._go.clear()

    def step(self, looking: Connection) -> None:
        """Lets one statement go; returns when it has ended, or waits for a lock."""
        self._at_rest.clear()
        self._go.set()
        self.settle(looking)

    def settle(self, looking: Connection) -> bool:
        """Whether it is at rest before its next statement, and not waiting for a lock."""
        while not self._at_rest.wait(0.002):
            if looking.scalar(WAITS, {"pid": self.pid}):
                return False
        return True


def interleave(engine: Engine, chance: random.Random, *work: Callable[[Connection], Any]) -> list[Actor]:
    """Runs them to their ends, a statement of one and then of another as chance has it."""
    actors = [Actor(engine, each) for each in work]
    for actor in actors:
        actor.start()
    until = time.monotonic() + 60
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
        while live := [actor for actor in actors if not actor.done]:
            assert time.monotonic() < until, "they wait for each other"
            ready = [actor for actor in live if actor.settle(looking)]
            if ready:
                chance.choice(ready).step(looking)
    return actors
