"""A worker's leases: claimed before work, renewed in the background, given back on shutdown."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable

from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from services.settings import Queue
from services.store import jobs
from services.telemetry.logs import log

LOG = log("lessee")


class Lessee:
    """Holds the leases of one worker process and keeps them alive from a thread of its own."""

    def __init__(self, engine: Engine, queue: Queue) -> None:
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._engine = engine
        self._queue = queue
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        """Begins to renew, and to be counted by the relay."""
        self._thread.start()

    def stop(self) -> None:
        """Stops renewing and gives every lease back."""
        self._stop.set()
        self._thread.join(timeout=5)
        self._try("leave", lambda connection: jobs.leave(connection, self.owner))

    def claim(self, job_id: int) -> RowMapping | None:
        """The job under a new lease, or None where there is nothing to do."""
        with self._engine.begin() as connection:
            return jobs.claim(connection, job_id, self.owner, self._queue)

    def _keep(self) -> None:
        while True:
            self._try("renew", self._renew)
            if self._stop.wait(self._queue.renew):
                return

    def _renew(self, connection: Connection) -> None:
        jobs.renew(connection, self.owner, self._queue.concurrency, self._queue)

    def _try(self, what: str, work: Callable[[Connection], None]) -> None:
        try:
            with self._engine.begin() as connection:
                work(connection)
        except SQLAlchemyError as error:
            LOG.warning("leases", kind=what, error=type(error).__name__)
