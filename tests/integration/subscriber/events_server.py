"""The $events operation, over what a real server notified: it keeps every notification, and can hold some back.

The server at hand sends topic notifications but has no $events. This stands between it and the subscriber, and
answers $events (Subscriptions R5 Backport IG, R4 form) from the notifications it has seen.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from integration.fhir.systems import Json


class EventsServer:
    """`url` is what the FHIR server notifies; what is not held back goes on to `onward`."""

    def __init__(self, onward: str) -> None:
        self.onward = onward
        self.hold_back = False
        self.held_back: list[str] = []
        self._seen: dict[int, Json] = {}
        self._status: Json = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> EventsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep(self, bundle: Json) -> bool:
        """Remembers the events of a notification; whether there are any."""
        self._status = bundle["entry"][0]["resource"]
        events = {number: each for each in self._status["parameter"] for number in _number(each)}
        self._seen |= events
        return bool(events)

    def events(self, path: str) -> bytes | None:
        """The answer to GET Subscription/[id]/$events, None for any other path."""
        if "$events" not in path:
            return None
        asked = parse_qs(urlsplit(path).query)
        wanted = range(int(asked["eventsSinceNumber"][0]), int(asked["eventsUntilNumber"][0]) + 1)
        said = [{"name": "type", "valueCode": "query-event"}]
        said += [each for each in self._status["parameter"] if each["name"] not in ("type", "notification-event")]
        said += [self._seen[number] for number in wanted if number in self._seen]
        status = {"resourceType": "Parameters", "parameter": said}
        return json.dumps({"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}).encode()


def with_events(statement: Json) -> Json:
    """A CapabilityStatement that names the operation."""
    for resource in statement["rest"][0]["resource"]:
        if resource["type"] == "Subscription":
            url = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events"
            resource["operation"] = [{"name": "events", "definition": url}]
    return statement


def _number(parameter: Json) -> Iterator[int]:
    if parameter["name"] == "notification-event":
        for part in parameter["part"]:
            if part["name"] == "event-number":
                yield int(next(value for name, value in part.items() if name.startswith("value")))


def _handler(server: EventsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if server.keep(json.loads(body)) and server.hold_back:
                server.held_back.append(body.decode())
                return self._answer(200)
            passed = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
            return self._answer(httpx2.post(server.onward + self.path, content=body, headers=passed).status_code)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler
