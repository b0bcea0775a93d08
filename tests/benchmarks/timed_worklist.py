"""The worklist's process with a clock on every request: `python -m tests.benchmarks.timed_worklist FILE`.

What it measures is the server's own time, by kind of request (the header X-Benchmark-Kind), in milliseconds:

- `handled`: from the application being called to the last byte given to the socket, with all waiting for PostgreSQL,
  for other requests of the same process and for a processor.
- `since_sent`: the same from the moment the client wrote the request (X-Benchmark-Sent, CLOCK_MONOTONIC of the same
  machine): with the time the request lay in the socket or in the process before anybody looked at it. What is left out
  is only the client's own: its event loop taking up the answer.

Written to FILE as JSON lines when the process ends.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.processes.worklist import main as worklist
from services.settings import Settings, load
from services.web.app import create_app


class Timed:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp, rows: list[dict[str, Any]]) -> None:
        self.app, self.rows = app, rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        kind = headers.get(b"x-benchmark-kind")
        if kind is None:
            await self.app(scope, receive, send)
            return
        began, sent = time.monotonic(), float(headers[b"x-benchmark-sent"])

        async def watched(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended = time.monotonic()
                times = {"handled": 1000 * (ended - began), "since_sent": 1000 * (ended - sent)}
                self.rows.append({"kind": kind.decode(), "sent": sent, **times})

        await self.app(scope, receive, watched)


def main() -> None:
    rows: list[dict[str, Any]] = []

    def timed(settings: Settings) -> FastAPI:
        app = create_app(settings)
        app.add_middleware(Timed, rows=rows)
        return app

    worklist.create_app = timed  # type: ignore[attr-defined]
    try:
        worklist.run(load())
    finally:
        Path(sys.argv[1]).write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
