"""Deliveries to one destination: a few under way at once, each in a thread, under leases that are renewed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.domain.deliveries import Delivery
from services.processes.sender.carriers import Carrier
from services.settings import Queue
from services.store import deliveries
from services.store.outage import is_outage
from services.telemetry.logs import log
from services.telemetry.outage_log import Absence
from services.workflow.settling import given_up

LOG = log("sender")
# Deliveries of one thread that share their reading and settling, where so many wait.
TOGETHER = 8
AWAY = "PostgreSQL does not answer, or cannot be written to"
UNREACHED = ("postponed", "returned")


class Outbox:
    """Keeps a few threads busy with a few deliveries each for as long as there are any."""

    def __init__(self, engine: Engine, carrier: Carrier, queue: Queue) -> None:
        self._engine = engine
        self._carrier = carrier
        self._queue = queue
        self._pool = ThreadPoolExecutor(carrier.at_once, thread_name_prefix="send")
        self._under_way: dict[Future[list[str]], Sequence[Delivery]] = {}
        self._database = Absence(LOG)
        self._server = Absence(LOG)
        self._unreached = 0
        self._renewed = self._beat = time.monotonic()

    def stuck(self) -> str:
        """Why no progress is made, "" if it is; what waits for a server that is away still beats."""
        silence = time.monotonic() - self._beat
        return "the sender has stopped beating" if silence > self._queue.progress_timeout else ""

    def loop(self, stop: threading.Event) -> None:
        """Until told to stop; a database or destination that goes away is waited for, and said once."""
        while not stop.is_set():
            self._beat = time.monotonic()
            found = self._fill()
            if self._under_way:
                wait(self._under_way, timeout=self._queue.relay, return_when=FIRST_COMPLETED)
                self._collect()
            elif not found:
                stop.wait(self._queue.relay)
            if self._away and not self._under_way:
                stop.wait(self._queue.relay)

    def end(self, seconds: float) -> bool:
        """Takes no more; whether what was under way has ended in time. What has not is given back."""
        self._pool.shutdown(wait=False)
        deadline = time.monotonic() + seconds
        while self._under_way and time.monotonic() < deadline:
            self._try(self._renew)
            wait(self._under_way, timeout=min(self._queue.renew, deadline - time.monotonic()))
            self._collect()
        if self._under_way:
            self._try(lambda: self._give_back(self._leased))
        return not self._under_way

    def _fill(self) -> int:
        """Renews what is under way and claims as much as there is room for; how many were claimed."""
        claimed: list[Delivery] = []
        self._try(self._renew)
        room = (1 if self._away else self._carrier.at_once) - len(self._under_way)
        self._try(lambda: room > 0 and self._claim(claimed, 1 if self._away else room * TOGETHER))
        for share in (claimed[first::room] for first in range(min(room, len(claimed)))):
            self._under_way[self._pool.submit(self._some, share)] = share
        return len(claimed)

    @property
    def _away(self) -> bool:
        """So many deliveries in a row found nobody; then one at a time finds out."""
        return self._unreached >= self._carrier.at_once

    @property
    def _leased(self) -> list[Delivery]:
        return [row for share in self._under_way.values() for row in share]

    def _claim(self, claimed: list[Delivery], most: int) -> bool:
        with self._engine.begin() as connection:
            claimed += self._carrier.claim(connection, most)
        return True

    def _renew(self) -> bool:
        if not self._under_way or time.monotonic() - self._renewed < self._queue.renew:
            return False
        with self._engine.begin() as connection:
            deliveries.renew(connection, self._leased, self._queue)
        self._renewed = time.monotonic()
        return True

    def _give_back(self, rows: list[Delivery]) -> bool:
        with self._engine.begin() as connection:
            deliveries.give_back(connection, rows)
        return True

    def _some(self, rows: Sequence[Delivery]) -> list[str]:
        try:
            return given_up(self._engine, rows, self._queue) or self._carrier.send(self._engine, rows)
        except SQLAlchemyError:
            # Leases run out, or are taken up again by this process once the database answers.
            return ["database"] * len(rows)
        except Exception as error:
            # A fault of ours must not stop the process: these come again when their leases run out, and count as lost.
            LOG.error("deliveries failed", error=type(error).__name__, count=len(rows))
            return ["failed"] * len(rows)

    def _collect(self) -> None:
        for done in [future for future in self._under_way if future.done()]:
            for row, outcome in zip(self._under_way.pop(done), done.result(), strict=True):
                LOG.info("delivery", delivery=row.id, kind=row.kind, state=outcome)
                self._unreached = self._unreached + (outcome == "postponed") if outcome in UNREACHED else 0
            self._server.note(f"{self._carrier.name} does not answer" if self._away else "")

    def _try(self, work: Callable[[], bool]) -> None:
        """`work` says whether it asked the database: what did not knows nothing of it."""
        try:
            asked = work()
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            self._database.note(AWAY)
        else:
            if asked:
                self._database.note("")
