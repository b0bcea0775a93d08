"""Whether a worker still makes progress: it ends itself, to be started again, where work waits and none reaches it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import redis
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.dispatch.lease_keeper import Lessee
from services.dispatch.queue import waiting
from services.settings import Settings
from services.store import wake_ups

# A wake-up that lies in the broker this long while a slot is free will not be heard over our connection.
DEAF_SECONDS = 20.0


class Watchdog:
    """Looks from a thread of its own, over connections of its own. `progress` is what the probe says."""

    def __init__(self, lessee: Lessee, engine: Engine, settings: Settings, give_up: Callable[[str], None]) -> None:
        self.progress = ""
        self._lessee = lessee
        self._engine = engine
        self._settings = settings
        self._give_up = give_up
        self._unheard_since: float | None = None
        self._every = min(5.0, settings.queue.progress_timeout / 4)

    def start(self) -> None:
        """Begins to look."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        while not self.progress:
            time.sleep(self._every)
            self.progress = self.look()
        self._give_up(self.progress)

    def look(self) -> str:
        """Why this worker is stuck, "" if it is not. A database or broker that is away is no reason."""
        patience = self._settings.queue.progress_timeout
        deaf = min(DEAF_SECONDS, patience)
        if self._lessee.is_full or self._lessee.silence < deaf:
            self._unheard_since = None
            return ""
        if self._is_deaf(deaf):
            return "wake-ups wait in the broker and do not reach this worker"
        if self._lessee.silence > patience and self._work_waits(patience):
            return "work is ready, slots are free, and nothing was claimed"
        return ""

    def _is_deaf(self, seconds: float) -> bool:
        try:
            lying = waiting(self._settings.broker)
        except redis.RedisError:
            lying = 0
        now = time.monotonic()
        self._unheard_since = (self._unheard_since or now) if lying else None
        return self._unheard_since is not None and now - self._unheard_since > seconds / 2

    def _work_waits(self, seconds: float) -> bool:
        try:
            with self._engine.connect() as connection:
                return wake_ups.unheard(connection, seconds) > 0
        except SQLAlchemyError:
            return False
