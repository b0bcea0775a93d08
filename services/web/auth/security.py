"""Headers on every answer, and the checks that keep other sites' pages from acting in a reviewer's name."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.settings import Worklist

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def content_security_policy(frame_ancestors: list[str]) -> str:
    """Nothing but our own files; pages may be embedded by the configured origins only."""
    ancestors = " ".join(frame_ancestors) or "'none'"
    own = ("script-src", "style-src", "connect-src", "img-src", "font-src", "form-action")
    parts = [f"{directive} 'self'" for directive in own]
    return "; ".join(["default-src 'none'", *parts, "base-uri 'none'", f"frame-ancestors {ancestors}"])


class SecurityHeaders:
    """ASGI middleware. Only static files, whose names carry their hash, may be kept by a browser."""

    def __init__(self, app: ASGIApp, frame_ancestors: list[str]) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(frame_ancestors),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds the headers as the answer starts."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class KnownHosts:
    """ASGI middleware: 421 under a name that is not ours, so that no page can make our answers its own (DNS rebinding).

    An address is nobody's name, and a token is in nobody's browser: both pass.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] in ("http", "websocket") and not self._knows(Headers(scope=scope)):
            words = "This is not the name of this service: set COUNTERSIGN_WORKLIST__PUBLIC_URL or …__HOSTS.\n"
            await PlainTextResponse(words, 421)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _knows(self, headers: Headers) -> bool:
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if name in self._names or headers.get("authorization", "").lower().startswith("bearer "):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def known_names(worklist: Worklist) -> frozenset[str]:
    """The host names people may use, in lower case."""
    own = (urlsplit(worklist.public_url).hostname or "", worklist.host, "localhost", *worklist.hosts)
    return frozenset(name.lower() for name in own if name)


def same_origin(request: Request, public_url: str) -> bool:
    """Whether a request that changes something comes from our own pages (or from no page at all)."""
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return origin in (_origin(public_url), _origin(str(request.base_url)))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def token_matches(sent: str | None, expected: str) -> bool:
    """Whether the CSRF token is the session's, compared in constant time."""
    return sent is not None and hmac.compare_digest(sent.encode(), expected.encode())
