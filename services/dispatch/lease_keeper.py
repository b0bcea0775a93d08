"""A worker's leases: claimed before work, renewed in the background, given back on shutdown."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from services.dispatch.reserve import kept_for_stat
from services.domain.messages import ClaimedJob
from services.settings import Queue
from services.store import jobs
from services.store.engine import one_by_one
from services.telemetry.logs import log

LOG = log("lessee")


class Lessee:
    """Holds the leases of one worker process and keeps them alive from a thread of its own."""

    def __init__(self, engine: Engine, queue: Queue) -> None:
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.heard_at = time.monotonic()
        self._engine = engine
        self._singly = one_by_one(engine)
        self._queue = queue
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
        self._lock = threading.Lock()
        self._at_work = 0
        self._dropped: set[int] = set()

    def start(self) -> None:
        """Begins to renew, and to be counted by the relay; Celery says `ready` again after each reconnection."""
        if not self._thread.ident:
            self._thread.start()

    def stop(self) -> None:
        """Stops renewing and gives every lease back; what is still being worked on cannot be written any more."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(timeout=5)
        self._try("leave", lambda connection: jobs.leave(connection, self.owner))

    def claim(self, job_id: int) -> ClaimedJob | None:
        """The job under a new lease, or None where there is nothing to do."""
        self.heard_at = time.monotonic()
        with self._singly.connect() as connection:
            row = jobs.claim(connection, job_id, self.owner, self._queue)
        with self._lock:
            self._dropped.discard(job_id)
            self._at_work += row is not None
        return row

    def settled(self) -> None:
        """A claimed job is not worked on any more, whatever became of it."""
        with self._lock:
            self._at_work -= 1

    def drop(self, job_id: int) -> None:
        """The database went away under a job: its lease is not renewed but given back once it answers."""
        with self._lock:
            self._dropped.add(job_id)

    @property
    def is_full(self) -> bool:
        """Whether every slot that takes anything is taken; those kept for STAT may still be free."""
        return self._at_work >= self._queue.concurrency - kept_for_stat(self._queue)

    @property
    def silence(self) -> float:
        """Seconds since a job was last heard of."""
        return time.monotonic() - self.heard_at

    def _keep(self) -> None:
        while True:
            self._try("renew", self._renew)
            if self._stop.wait(self._queue.renew):
                return

    def _renew(self, connection: Connection) -> None:
        with self._lock:
            dropped = sorted(self._dropped)
        if dropped:
            jobs.give_back(connection, self.owner, dropped)
        jobs.renew(connection, self.owner, self._queue.concurrency, self._queue)
        with self._lock:
            self._dropped.difference_update(dropped)

    def _try(self, what: str, work: Callable[[Connection], None]) -> None:
        try:
            with self._engine.begin() as connection:
                work(connection)
        except SQLAlchemyError as error:
            LOG.warning("leases", kind=what, error=type(error).__name__)
