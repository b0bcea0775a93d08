"""What every process does alike: logs, probes, signals, and waiting for PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from services.settings import Settings
from services.store import purpose
from services.store.schema import is_current
from services.telemetry import health, logs, traces
from services.telemetry.health import Probes

LOG = logs.log("process")
RETRY_SECONDS = 1.0


class Process:
    """A running process: its name, its probes, and whether it was told to stop."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.probes = Probes()
        self.stop = threading.Event()
        logs.configure(settings.telemetry, name)
        traces.configure(settings.telemetry, name)
        health.serve(self.probes, settings.health)

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT set `stop`; readiness turns first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.probes.stopping()
        self.stop.set()

    def exit_when_stuck(self, check: Callable[[], str]) -> None:
        """Ends the process with exit code 70, to be started again, once `check` gives a reason; probed likewise."""
        self.probes.progress_when(check)

        def watch() -> None:
            while not (reason := check()):
                time.sleep(RETRY_SECONDS)
            LOG.error("no progress", reason=reason)
            os._exit(70)

        threading.Thread(target=watch, name="watchdog", daemon=True).start()

    def wait_for_database(self, engine: Engine) -> bool:
        """Waits, saying so once, until PostgreSQL is there with the schema we expect; False when told to stop.

        Raises PurposeError where the database is not one for this instance.
        """
        said = ""
        while not self.stop.is_set():
            reason = database_problem(engine)
            if not reason:
                with engine.begin() as connection:
                    purpose.claim(connection, training=self.settings.training)
                return True
            if reason != said:
                LOG.warning("waiting", reason=reason)
                said = reason
            self.stop.wait(RETRY_SECONDS)
        return False


def database_problem(engine: Engine) -> str:
    """Why the database cannot be used, "" if it can."""
    try:
        with engine.connect() as connection:
            return "" if is_current(connection) else "the schema is not that of this version: run `countersign migrate`"
    except OperationalError:
        return "PostgreSQL does not answer"
