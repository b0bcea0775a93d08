"""How long each sender waits for its answers: counted here, written now and then, off the way of any answer."""

from __future__ import annotations

import asyncio
from bisect import bisect_left

import psycopg

from services.domain.feeds import ANSWER_BOUNDS
from services.settings import Database
from services.store import answer_times
from services.store.answer_times import Waited
from services.telemetry.logs import log
from services.telemetry.metrics import ACK_SECONDS
from services.workflow.receive import Sender

LOG = log("listener")
EVERY_SECONDS = 15.0
# Names come from outside: who invents more of them between two writings is counted in the metric alone.
MOST = 200


class AnswerTimes:
    """Counts answers by sender until they are written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: dict[Sender, list[int]] = {}

    def note(self, sender: Sender | None, seconds: float) -> None:
        """An answer left so long after the last byte of its frame; `sender` None where nothing was stored."""
        ACK_SECONDS.observe(seconds)
        if sender is None or (sender not in self._counts and len(self._counts) >= MOST):
            return
        counts = self._counts.setdefault(sender, [0] * (len(ANSWER_BOUNDS) + 1))
        counts[bisect_left(ANSWER_BOUNDS, seconds)] += 1

    async def keep(self) -> None:
        """Writes them until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Writes what was counted since; where that fails it is lost, which costs nobody an answer or a message."""
        counted, self._counts = self._counts, {}
        if not counted:
            return
        try:
            await answer_times.add(self._database, [Waited(*sender, counts) for sender, counts in counted.items()])
        except (psycopg.Error, OSError) as error:
            LOG.warning("answer times not written", reason=type(error).__name__)
        except asyncio.CancelledError:
            self._add_again(counted)
            raise

    def _add_again(self, counted: dict[Sender, list[int]]) -> None:
        """The listener ends and writes once more."""
        for sender, counts in counted.items():
            since = self._counts.get(sender, [0] * len(counts))
            self._counts[sender] = [one + other for one, other in zip(counts, since, strict=True)]
