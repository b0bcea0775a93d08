"""Starts the real R4 server of the embedded defaults as a process."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import httpx2

from services.embedded.fhir_server import command


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sekmet:
    """One server with its data folder; `start` and `stop` may be called again."""

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/fhir"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Sekmet:
        argv, environment = command(self.port, self.base_url, str(self.data))
        log = (self.data / "server.log").open("ab")
        self._process = subprocess.Popen(argv, env={**os.environ, **environment}, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"{self.base_url}/metadata", timeout=5).status_code == 200:
                    return self
            except httpx2.HTTPError:
                pass
            assert self._process.poll() is None, "the FHIR server ended at start"
            time.sleep(0.1)
        raise AssertionError("the FHIR server did not come up in 60 s")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
