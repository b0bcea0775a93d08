"""The embedded FHIR server behind a guard: it answers who knows the instance's token, under its own name only.

Any page in a browser, and any other user of the machine, can reach a loopback port. The server itself asks nobody who
they are and lets pages of every site read its answers.
"""

from __future__ import annotations

import hmac
import os

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "COUNTERSIGN_FHIR__TOKEN"  # noqa: S105 - the name of a variable
HOSTS = "GUARD_HOSTS"
_CORS = b"access-control-"
# Says that the server is up, and nothing of anybody.
_OPEN = ("GET", "/fhir/metadata")


class Guard:
    """ASGI middleware: 421 for another name, 401 without the token, no CORS."""

    def __init__(self, app: ASGIApp, token: str, hosts: frozenset[str]) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"host", b"").decode("latin-1") not in self._hosts:
            await _refuse(send, 421, b"this FHIR server has another name")
        elif (scope["method"], scope["path"]) != _OPEN and not self._knows(headers.get(b"authorization", b"")):
            await _refuse(send, 401, b"the token of this instance is needed: instance.json, fhir_token")
        else:
            kept = [(name, value) for name, value in scope["headers"] if name not in (b"authorization", b"origin")]
            await self._app({**scope, "headers": kept}, receive, _closed(send))

    def _knows(self, sent: bytes) -> bool:
        return hmac.compare_digest(sent, self._expected)


def _closed(send: Send) -> Send:
    async def without_cors(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [each for each in message["headers"] if not each[0].lower().startswith(_CORS)]
            message = {**message, "headers": headers}
        await send(message)

    return without_cors


async def _refuse(send: Send, status: int, words: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words + b"\n"})


def app_factory() -> Guard:
    """What uvicorn starts."""
    from sekmet.main import create_app

    return Guard(create_app(), os.environ[TOKEN], frozenset(os.environ[HOSTS].split()))
