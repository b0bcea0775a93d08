"""What every operation of API v1 keeps to: no unknown parameter, ETag and If-Match, gzip, HEAD, a described way in.

The contract is docs/api/openapi.json; a change that breaks a client of it is another version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HasId(Protocol):
    """What a list can be continued after."""

    @property
    def id(self) -> int:
        """Its number."""


T = TypeVar("T")
Numbered = TypeVar("Numbered", bound=HasId)
# A shorter answer grows by it. No answer holds both a secret and what another site could make us repeat (BREACH).
SMALLEST = 1024
_REVISION = re.compile(r'(?:W/)?"(\d{1,18})"')


class Page(BaseModel, Generic[T]):
    """A list. `next`: ask with `before` for what follows, null at the end; `total` where it is known."""

    items: list[T]
    next: int | None = Field(None, description="Ask with `before` for what follows; null at the end.")
    total: int | None = Field(None, description="How many there are in all; null where that was not counted.")


def whole(items: list[T]) -> Page[T]:
    """A list that is all there is."""
    return Page(items=items, total=len(items))


def paged(items: list[Numbered], limit: int, before: int | None) -> Page[Numbered]:
    """A page of at most `limit` items, newest first, of those before an id; what fits on one page is counted."""
    full = len(items) == limit
    total = None if full or before is not None else len(items)
    return Page(items=items, next=items[-1].id if full else None, total=total)


class Operation(APIRoute):
    """A route that refuses parameters it does not know, and whose review can be named by its revision."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with both checks around it."""
        handle = super().get_route_handler()
        known = _known(self.dependant)

        async def checked(request: Request) -> Response:
            unknown = sorted(set(request.query_params) - known)
            if unknown:
                raise RequestValidationError([_unknown(name, known) for name in unknown])
            response = await handle(request)
            return _tagged(response) if "{review_id}" in self.path or self.path == "/reports/{report_id}" else response

        return checked


def precondition(request: Request) -> int:
    """The revision that If-Match names, 0 where there is none. Raises RequestValidationError."""
    given = request.headers.get("if-match", "").strip()
    if not given or given == "*":
        return 0
    match = _REVISION.fullmatch(given)
    if match is None:
        message = "the ETag of a review is its revision in quotes"
        raise RequestValidationError([{"type": "if_match", "loc": ("header", "If-Match"), "msg": message}])
    return int(match[1])


def keep(api: FastAPI) -> None:
    """Middleware and description; after all routes are there."""
    api.add_middleware(GZipMiddleware, minimum_size=SMALLEST)
    api.add_middleware(HeadAsGet)
    api.openapi = cache(lambda: _described(api))  # type: ignore[method-assign]


class HeadAsGet:
    """ASGI middleware: HEAD is answered as GET without its body (RFC 9110 §9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a HEAD on as a GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_head)


def _known(dependant: Dependant) -> frozenset[str]:
    """Of the operation and all it depends on."""
    own = frozenset(field.alias for field in dependant.query_params)
    return own.union(*(_known(each) for each in dependant.dependencies))


def _unknown(name: str, known: frozenset[str]) -> dict[str, Any]:
    context = {"expected": sorted(known)}
    return {"type": "unknown", "loc": ("query", name), "msg": "there is no such parameter", "ctx": context}


def _tagged(response: Response) -> Response:
    found = json.loads(bytes(response.body) or b"null") if response.status_code == 200 else None
    if isinstance(found, dict) and isinstance(found.get("revision"), int):
        response.headers["ETag"] = f'"{found["revision"]}"'
    return response


def _described(api: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
    made["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "countersign", "description": "The worklist's session."},
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "`csrf` of GET /me; beside the session's cookie, for every change.",
        },
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of the identity provider."},
    }
    for methods in made["paths"].values():
        for method, operation in methods.items():
            session: dict[str, list[str]] = {"session": []} if method == "get" else {"session": [], "csrf": []}
            operation["security"] = [session, {"bearer": []}]
    return made
