"""A receiver of webhooks as a real HTTP server: it keeps what it is sent and answers what it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Call:
    """One request: its headers in lower case, and the body byte for byte."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Received:
    """What came so far. `answers`: statuses of the next requests; then 204. `headers`: on each answer.

    `heard`: called with each request before it is answered.
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    heard: Callable[[Call], object] = lambda call: None
    hold: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.hold.set()


@contextmanager
def receiver(port: int = 0) -> Iterator[Received]:
    """Listens on the loopback address, on a free port unless one is given; while `hold` is clear nobody is answered."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = Call(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            received.calls.append(call)
            received.heard(call)
            received.hold.wait(60)
            self.send_response(received.answers.pop(0) if received.answers else 204)
            for name, value in received.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    received.url = f"http://127.0.0.1:{server.server_address[1]}/events"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        received.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
