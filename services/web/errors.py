"""How errors are answered: pages for people, short texts for htmx, problem JSON for the API. Never a patient."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from services.web.auth.rate import TooMany
from services.web.auth.session import Forbidden, LoginNeeded, Visit, load, why_ended
from services.web.pages.rendering import page
from services.workflow.refusal import Code, Refused

STATUS: dict[Code, int] = {
    "unknown": 404, "stale": 409, "claimed": 409, "closed": 409, "rereading": 409, "held": 409, "waiting": 409,
    "seen": 403, "role": 403, "practitioner": 403, "reauthenticate": 403,
}  # fmt: skip
UNPROCESSABLE = 422
TODO: dict[str, str] = {
    "invalid": "Mend the address, or go back and choose again.",
    "http": "Mend the address, or choose a page above.",
    "unknown": "It may have been moved to another report, or belong to another site.",
    "forbidden": "Choose a page above that your role may see, or ask an administrator for the role.",
    "stale": "Go back, reload, and do it again if it still fits.",
    "rate": "Wait a minute, then try again.",
    "unavailable": "Try again in a moment; an operator sees it in `countersign doctor`.",
}
"""What somebody can do about it, by code."""


def install(app: FastAPI) -> None:
    """Handlers for every error a route may raise."""
    app.add_exception_handler(LoginNeeded, login_needed)
    app.add_exception_handler(Forbidden, forbidden)
    app.add_exception_handler(TooMany, too_many)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, bad_request)
    app.add_exception_handler(OperationalError, database_away)
    app.add_exception_handler(DataError, unstorable)


def wants_json(request: Request) -> bool:
    """Whether the request is to the JSON API."""
    return request.url.path.startswith("/api/")


async def answer(
    request: Request, status: int, code: str, message: str, faults: Sequence[Mapping[str, object]] = ()
) -> Response:
    """One error in the shape its asker reads (JSON: RFC 9457); a page keeps its navigation."""
    if wants_json(request):
        known = {"type": f"urn:countersign:problem:{code}", "title": code, "status": status, "detail": message}
        body = {**known, "errors": list(faults)}
        return JSONResponse(body, status, media_type="application/problem+json")
    if "hx-request" in request.headers:
        return PlainTextResponse(message, status, headers={"X-Countersign-Code": code})
    visit = await _who(request) if code != "unavailable" else None
    return page(request, visit, "error.html", status=status, code=status, message=message, todo=TODO.get(code, ""))


async def _who(request: Request) -> Visit | None:
    """Whose page it is, where that can be said."""
    with contextlib.suppress(OperationalError):
        return await load(request, touch=False)
    return None


async def login_needed(request: Request, error: Exception) -> Response:
    """Pages lead to the login and back; everything else says 401."""
    if request.method == "GET" and not wants_json(request) and "hx-request" not in request.headers:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        why = await why_ended(request)
        return RedirectResponse(f"/login?next={quote(here, safe='')}{f'&why={why}' if why else ''}", 303)
    return await answer(request, 401, "login", "Your session has ended. Your drafts are kept: log in again.")


async def forbidden(request: Request, error: Exception) -> Response:
    """403."""
    return await answer(request, 403, "forbidden", str(error))


async def too_many(request: Request, error: Exception) -> Response:
    """429."""
    return await answer(request, 429, "rate", "Too many logins from this address. Wait a minute, then try again.")


async def refused(request: Request, error: Exception) -> Response:
    """A reviewer's action that cannot stand; nothing has changed."""
    if not isinstance(error, Refused):
        raise error
    status = STATUS.get(error.code, UNPROCESSABLE)
    # A condition of the request's own that does not hold (RFC 9110 §13.1.1).
    status = 412 if error.code == "stale" and "if-match" in request.headers else status
    return await answer(request, status, error.code, error.message)


async def http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses, 404 for one."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "unknown", 405: "method"}.get(error.status_code, "http")
    return await answer(request, error.status_code, code, str(error.detail))


async def bad_request(request: Request, error: Exception) -> Response:
    """Names the fields that are wrong, without what they held."""
    if not isinstance(error, RequestValidationError):
        raise error
    fields = sorted({f"{'.'.join(map(str, item['loc']))} ({_expected(item)})" for item in error.errors()})
    faults = [_fault(item) for item in error.errors()]
    return await answer(request, UNPROCESSABLE, "invalid", f"Not understood: {', '.join(fields)}.", faults)


_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "max_length": "at most",
           "min_length": "at least", "pattern": "fits"}  # fmt: skip


def _fault(item: Mapping[str, Any]) -> dict[str, object]:
    """Where it is wrong, why, and what may stand there; never what stood there."""
    context = item.get("ctx", {})
    expected = context.get("expected", [])
    allowed = re.findall(r"'([^']*)'", expected) if isinstance(expected, str) else list(expected)
    allowed += [f"{words} {context[name]}" for name, words in _BOUNDS.items() if name in context]
    field = ".".join(str(part) for part in item["loc"])
    return {"field": field, "message": _expected(item), "allowed": allowed}


def _expected(item: Mapping[str, Any]) -> str:
    """What a field may hold, in the validator's words, which never hold what was sent."""
    return str(item["msg"]).removeprefix("Input ").removeprefix("Value error, ")


async def database_away(request: Request, error: Exception) -> Response:
    """The database is restarting or gone; the page keeps what was entered and tries again."""
    return await answer(request, 503, "unavailable", "The database cannot be reached. Nothing was lost: try again.")


async def unstorable(request: Request, error: Exception) -> Response:
    """What PostgreSQL has no value for: a NUL in a text, a number beyond its columns."""
    return await answer(request, UNPROCESSABLE, "invalid", "Not understood: a value the database cannot hold.")
