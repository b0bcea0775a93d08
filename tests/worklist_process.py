"""A worklist process on a port of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import httpx2

from services.settings import Database
from tests.databases import environment
from tests.ports import free_port


@dataclass
class Worklist:
    """The process and the database behind it; `extra` are further environment variables, `command` what is run."""

    database: Database
    extra: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("services.cli", "worklist")
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the process and waits until it answers."""
        self.process = subprocess.Popen([sys.executable, "-m", *self.command], env=os.environ | self._environment())
        for _ in range(600):
            try:
                httpx2.get(f"{self.url}/login", timeout=2)
                return
            except httpx2.HTTPError:
                assert self.process.poll() is None, "the worklist ended as it started"
                time.sleep(0.1)
        raise AssertionError("the worklist did not start")

    def _environment(self) -> dict[str, str]:
        return {
            **environment(self.database),
            "COUNTERSIGN_WORKLIST__PORT": str(self.port),
            "COUNTERSIGN_WORKLIST__DEMO_LOGIN": "true",
            "COUNTERSIGN_WORKLIST__RATED_SHARE": "0",
            # Waiting is for the tests that are about it (tests/browser/test_hurried.py).
            "COUNTERSIGN_WORKLIST__SETTLE": "0",
            "COUNTERSIGN_WORKLIST__UNDO": "0",
            **self.extra,
        }

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends the process."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(20)
