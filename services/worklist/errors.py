"""How errors are answered: pages for people, short texts for htmx, problem JSON for the API. Never a patient."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from services.pipeline.refusal import Code, Refused
from services.worklist.pages import page
from services.worklist.session import Forbidden, LoginNeeded

STATUS: dict[Code, int] = {
    "unknown": 404, "stale": 409, "claimed": 409, "closed": 409, "rereading": 409, "held": 409,
    "seen": 403, "role": 403, "practitioner": 403, "reauthenticate": 403,
}  # fmt: skip
UNPROCESSABLE = 422


def install(app: FastAPI) -> None:
    """Handlers for every error a route may raise."""
    app.add_exception_handler(LoginNeeded, login_needed)
    app.add_exception_handler(Forbidden, forbidden)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, bad_request)
    app.add_exception_handler(OperationalError, database_away)
    app.add_exception_handler(DataError, unstorable)


def wants_json(request: Request) -> bool:
    """Whether the request is to the JSON API."""
    return request.url.path.startswith("/api/")


def answer(request: Request, status: int, code: str, message: str) -> Response:
    """One error in the shape its asker reads (JSON: RFC 9457)."""
    if wants_json(request):
        body = {"type": "about:blank", "title": code, "status": status, "detail": message}
        return JSONResponse(body, status, media_type="application/problem+json")
    if "hx-request" in request.headers:
        return PlainTextResponse(message, status, headers={"X-Countersign-Code": code})
    return page(request, None, "error.html", status=status, code=status, message=message)


async def login_needed(request: Request, error: Exception) -> Response:
    """Pages lead to the login and back; everything else says 401."""
    if request.method == "GET" and not wants_json(request) and "hx-request" not in request.headers:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)
    return answer(request, 401, "login", "Your session has ended. Your drafts are kept: log in again.")


async def forbidden(request: Request, error: Exception) -> Response:
    """403."""
    return answer(request, 403, "forbidden", str(error))


async def refused(request: Request, error: Exception) -> Response:
    """A reviewer's action that cannot stand; nothing has changed."""
    if not isinstance(error, Refused):
        raise error
    return answer(request, STATUS.get(error.code, UNPROCESSABLE), error.code, error.message)


async def http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses, 404 for one."""
    if not isinstance(error, HTTPException):
        raise error
    return answer(request, error.status_code, "http", str(error.detail))


async def bad_request(request: Request, error: Exception) -> Response:
    """Names the fields that are wrong, without what they held."""
    if not isinstance(error, RequestValidationError):
        raise error
    fields = sorted({".".join(str(part) for part in item["loc"]) for item in error.errors()})
    return answer(request, UNPROCESSABLE, "invalid", f"Not understood: {', '.join(fields)}.")


async def database_away(request: Request, error: Exception) -> Response:
    """The database is restarting or gone; the page keeps what was entered and tries again."""
    return answer(request, 503, "unavailable", "The database cannot be reached. Nothing was lost: try again.")


async def unstorable(request: Request, error: Exception) -> Response:
    """What PostgreSQL has no value for: a NUL in a text, a number beyond its columns."""
    return answer(request, UNPROCESSABLE, "invalid", "Not understood: a value the database cannot hold.")
