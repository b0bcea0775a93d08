"""A receiver of webhooks in one file: verifies each event, does it once, and asks the API for the report.

    COUNTERSIGN_URL=https://worklist.example COUNTERSIGN_TOKEN=… WEBHOOK_SECRET=whsec_… python receiver.py 8090

Behind a proxy that ends TLS. The token is the identity provider's, as for client.py. It needs httpx2 alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

Json = dict[str, Any]
TOLERANCE = 300.0


def verified(headers: Mapping[str, str], body: bytes, secret: str) -> Json:
    """The event in a request. Raises KeyError and ValueError where it is not one of Countersign's."""
    name, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > TOLERANCE:
        raise ValueError("too old, or the clocks differ")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + body, hashlib.sha256)).decode()
    signatures = [each.partition(",")[2] for each in headers["webhook-signature"].split() if each.startswith("v1,")]
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        raise ValueError("not signed with this secret")
    event: Json = json.loads(body)
    return event


def told(event: Json, http: httpx2.Client) -> str:
    """What is made of an event: here a line, with what the API says of the report."""
    answer = http.get(f"/api/v1/reports/{event['data']['report_id']}")
    state = answer.json()["state"] if answer.status_code == 200 else f"the API answers {answer.status_code}"
    return f"{event['timestamp']} {event['type']} report {event['data']['report_id']} ({state})"


def handler(secret: str, http: httpx2.Client, tell: Callable[[str], None] = print) -> type[BaseHTTPRequestHandler]:
    """Answers 204 to an event, also to one that was seen before, and 400 to whatever is not verified."""
    seen: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                event = verified(self.headers, body, secret)
            except (KeyError, ValueError):
                self._answer(400)
                return
            self._answer(204)
            # A real one keeps these where a restart does not lose them.
            if (name := self.headers["webhook-id"]) not in seen:
                seen.add(name)
                tell(told(event, http))

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing beside what is told."""

    return Handler


def main() -> None:
    """Listens until Ctrl-C."""
    authorization = {"Authorization": f"Bearer {os.environ['COUNTERSIGN_TOKEN']}"}
    with httpx2.Client(base_url=os.environ["COUNTERSIGN_URL"], headers=authorization) as http:
        ThreadingHTTPServer(("", int(sys.argv[1])), handler(os.environ["WEBHOOK_SECRET"], http)).serve_forever()


if __name__ == "__main__":
    main()
