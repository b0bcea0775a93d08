"""Probes and metrics on a port of their own: /live, /ready, /progress, /metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.settings import Health

Check = Callable[[], str]


class Probes:
    """What a process says of itself. `ready` and `progress` return "" when well, else the reason in a few words."""

    def __init__(self) -> None:
        self._starting = "starting"
        self._checks: dict[str, Check] = {}

    def started(self) -> None:
        """Everything the process needs is up."""
        self._starting = ""

    def stopping(self) -> None:
        """Readiness goes first on shutdown, so that nobody sends new work."""
        self._starting = "stopping"

    def ready_when(self, check: Check) -> None:
        """A further condition of readiness, asked at each probe."""
        self._checks["ready"] = check

    def progress_when(self, check: Check) -> None:
        """The condition of progress, asked at each probe."""
        self._checks["progress"] = check

    def answer(self, path: str) -> tuple[int, str]:
        """HTTP status and text for a probe's path."""
        if path == "/live":
            return 200, "ok"
        if path == "/ready":
            reason = self._starting or self._ask("ready")
        elif path == "/progress":
            reason = self._ask("progress")
        else:
            return 404, "there are /live, /ready, /progress and /metrics"
        return (503, reason) if reason else (200, "ok")

    def _ask(self, name: str) -> str:
        check = self._checks.get(name)
        return check() if check else ""


def serve(probes: Probes, settings: Health) -> None:
    """Answers probes from a daemon thread for the life of the process; port 0 means no probes."""
    if settings.port == 0:
        return

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._send(200, generate_latest(), CONTENT_TYPE_LATEST)
            else:
                status, text = probes.answer(self.path)
                self._send(status, (text + "\n").encode(), "text/plain; charset=utf-8")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes are not worth a line each."""

    server = ThreadingHTTPServer((settings.host, settings.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
