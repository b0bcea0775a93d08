"""An HTTP server that answers with recorded responses of a real SGLang, and fails as it was seen to fail.

It makes nothing up: a request that was never recorded gets 501, which is no answer SGLang gives.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.contract.sglang.recordings import FOLDER, Recording, key, load


class Failure(StrEnum):
    """How a server or the way to it breaks; each is used up by one request."""

    FULL = "full"  # 503, as recorded
    TOO_LONG = "too_long"  # 400, as recorded
    STARTING = "starting"  # 503 without a body, until it is warm
    BROKEN = "broken"  # 500
    HANG = "hang"  # no answer until the caller gives up
    CUT = "cut"  # the connection ends in the middle of the body
    CLOSED = "closed"  # the connection ends before an answer
    NOT_JSON = "not_json"  # 200 from something that is no model server
    KEY = "key"  # 401


@dataclass
class Replay:
    """What the server was asked, and how it is to fail next."""

    url: str
    recordings: dict[str, Recording]
    failures: list[Failure] = field(default_factory=list)
    hung: bool = False
    asked: list[tuple[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def answer_to(self, method: str, path: str, request: dict[str, Any] | None) -> Recording | None:
        """The recording of this request, if there is one."""
        return self.recordings.get(key(method, path, request))

    def named(self, name: str) -> Recording:
        """The recording of that name."""
        return next(one for one in self.recordings.values() if one.name == name)


@contextmanager
def replay_server(folder: Path = FOLDER) -> Iterator[Replay]:
    """A server on a free port that answers with the recordings of a folder, until the block ends."""
    recordings = {key(one.method, one.path, one.request): one for one in load(folder)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    replay = Replay(f"http://127.0.0.1:{server.server_port}/v1", recordings)
    server.replay = replay  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        replay.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def replay(self) -> Replay:
        return self.server.replay  # type: ignore[attr-defined,no-any-return]

    def do_GET(self) -> None:
        self.replay.asked.append((self.path, None))
        if self.replay.hung:
            self._hang()
        else:
            self._serve("GET", None)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.replay.asked.append((self.path, request))
        if self.path == "/abort_request":
            self._send(200, "application/json", b"")
        elif self.replay.failures:
            self._fail(self.replay.failures.pop(0), request)
        else:
            self._serve("POST", request)

    def _serve(self, method: str, request: dict[str, Any] | None) -> None:
        found = self.replay.answer_to(method, self.path, request)
        if found is None:
            self._send(501, "text/plain", b"never recorded: see make test-sglang")
        else:
            self._replay(found)

    def _replay(self, recorded: Recording) -> None:
        self._send(recorded.status, recorded.content_type, recorded.body.encode())

    def _fail(self, failure: Failure, request: dict[str, Any]) -> None:
        match failure:
            case Failure.FULL:
                self._replay(self.replay.named("queue_full"))
            case Failure.TOO_LONG:
                self._replay(self.replay.named("too_long"))
            case Failure.STARTING:
                self._send(503, "text/plain", b"")
            case Failure.BROKEN:
                self._send(500, "text/plain", b"Internal Server Error")
            case Failure.KEY:
                self._send(401, "application/json", b'{"error": "Unauthorized"}')
            case Failure.NOT_JSON:
                self._send(200, "text/html", b"<html><body>Gateway</body></html>")
            case Failure.HANG:
                self._hang()
            case Failure.CUT:
                self._cut(request)
            case Failure.CLOSED:
                self.close_connection = True

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self, request: dict[str, Any]) -> None:
        found = self.replay.answer_to("POST", self.path, request)
        body = found.body.encode() if found else b'{"id"'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def _hang(self) -> None:
        self.replay.released.wait(60)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
