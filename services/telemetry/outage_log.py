"""Something a process needs is away: said once when it goes, and once when it is back."""

from __future__ import annotations

import threading
from typing import Any


class Absence:
    """What one process waits for; safe to share between threads."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._what = ""
        self._lock = threading.Lock()

    def note(self, what: str) -> None:
        """`what` is away and why; "" when everything is there."""
        with self._lock:
            before, self._what = self._what, what
        if what and what != before:
            self._log.warning("waiting", reason=what)
        elif before and not what:
            self._log.warning("resumed", reason=f"no longer: {before}")
