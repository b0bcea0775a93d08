"""One row of the fault matrix: what it sends, what it was answered, and the wait until all of it is through."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from tests.faults.ledger import Verdict
from tests.messages import oru

if TYPE_CHECKING:
    from tests.faults.rig import Rig


class Row:
    """Reports are numbered by row; `answers` counts the acknowledgement codes, "" where the connection broke."""

    def __init__(self, rig: Rig, name: str) -> None:
        self.name = name
        self.sent = 0
        self.answers = Counter[str]()
        self._rig = rig
        self._before = rig.recovered()
        self._feeders: list[threading.Thread] = []

    def feed(
        self, count: int, *, gap: float = 0.0, priority: str = "R", backlog: int = 0, until: float = math.inf
    ) -> None:
        """Sends reports, each until it is acknowledged, as an interface engine does.

        `backlog`: with so many under way it waits, so that a row tests its fault and not how long a queue can grow.
        `until`: on the monotonic clock, then it ends early.
        """
        for number in range(count):
            while backlog and number % 10 == 0 and not self._has_room(backlog) and time.monotonic() < until:
                time.sleep(0.2)
            if time.monotonic() >= until:
                return
            self.send(priority=priority)
            time.sleep(gap)

    def _has_room(self, backlog: int) -> bool:
        with contextlib.suppress(SQLAlchemyError):
            return self._rig.standing().under_way < backlog
        return False

    def feeding(self, count: int, *, gap: float = 0.0, backlog: int = 0, until: float = math.inf) -> None:
        """The same in the background."""
        self.background(lambda: self.feed(count, gap=gap, backlog=backlog, until=until))

    def background(self, send: Callable[[], None]) -> threading.Thread:
        """Anything that sends, in a thread that `settle` waits for."""
        feeder = threading.Thread(target=send, daemon=True)
        feeder.start()
        self._feeders.append(feeder)
        return feeder

    @property
    def is_feeding(self) -> bool:
        return any(feeder.is_alive() for feeder in self._feeders)

    def send(self, *lines: str, priority: str = "R", more: bytes = b"") -> str:
        """One report, `more` segments at its end; its accession number."""
        self.sent += 1
        accession = f"{self.name.split()[0]}N{self.sent:05d}"
        body = oru(accession, *lines, priority=priority) + more
        self._rig.ledger.note(self.name, "sent", accession)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            code = self._try(body).split(b"MSA|")[-1][:2].decode()
            self.answers[code] += 1
            if code == "AA":
                self._rig.ledger.note(self.name, "acknowledged", accession)
                return accession
            time.sleep(0.05)
        raise AssertionError("never acknowledged")

    def _try(self, body: bytes) -> bytes:
        try:
            if not hasattr(self, "_open"):
                self._stack = contextlib.ExitStack()
                self._open = self._stack.enter_context(self._rig.peer())
            answer = self._open.ask(body)
        except OSError:
            answer = b""
        if not answer:
            self._stack.close()
            self.__dict__.pop("_open", None)
        return answer

    def settle(self, dead: int, *, retried: bool) -> Verdict:
        """Waits until everything is through; then the ledger must balance."""
        for feeder in self._feeders:
            feeder.join()
        self._until_through(retried)
        verdict = self._rig.verdict(self.name, self._before)
        assert (verdict.lost, verdict.duplicate, verdict.dead) == (0, 0, dead), verdict
        assert verdict.acknowledged == verdict.sent == verdict.jobs, verdict
        return verdict

    def recoveries(self) -> dict[str, float]:
        """The longest of each kind since the row began, seconds."""
        return self._rig.recoveries(self._before)

    def _until_through(self, retried: bool) -> None:
        """However long the queue, something in it moves within the rig's patience."""
        standing, moved = None, time.monotonic()
        while standing is None or standing.under_way or (retried and standing.dead):
            assert time.monotonic() - moved < self._rig.patience, f"nothing moved: {standing}"
            time.sleep(0.3)
            # A database that is still starting.
            with contextlib.suppress(SQLAlchemyError):
                if retried:
                    self._rig.retry_dead_letters()
                before, standing = standing, self._rig.standing()
                moved = time.monotonic() if standing != before else moved
