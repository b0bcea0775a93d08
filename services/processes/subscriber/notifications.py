"""The endpoint FHIR servers notify: every known form of notification, answered fast, believed only as a hint."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.background import BackgroundTask

from integration.fhir.notification import Kind, read_notification
from integration.fhir.subscription import SECRET_HEADER
from services.processes.subscriber.events import Events
from services.processes.subscriber.intake import Intake
from services.telemetry.logs import log
from services.telemetry.metrics import NOTIFICATIONS

LOG = log("subscriber")
PATH = "/fhir-notify"
MAX_BODY = 4 * 1024 * 1024
_TOO_LARGE: Any = object()


def make_app(intake: Intake, events: Events, secret: str, poll: Callable[[], None]) -> FastAPI:
    """The application; `poll` is called where a notification does not say what changed.

    Whatever a notification says, it costs at most one look-up a resource: hints are put in a bounded queue
    that holds each once, and polls are spaced.
    """
    app = FastAPI(title="Countersign notifications", docs_url=None, redoc_url=None, openapi_url=None)

    async def notified(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not secrets.compare_digest(given.encode(), secret.encode()):
            return _counted("forbidden", 403)
        body = await _body(request)
        if body is _TOO_LARGE:
            return _counted("too large", 413)
        return _heard(request.method, request.url.path.removeprefix(PATH), body, intake, events, poll)

    handler: Callable[[Request], Awaitable[Response]] = notified
    for path in (PATH, PATH + "/{tail:path}"):
        app.add_api_route(path, handler, methods=["POST", "PUT", "DELETE"])
    return app


def _heard(method: str, tail: str, body: Any, intake: Intake, events: Events, poll: Callable[[], None]) -> Response:
    notification = read_notification(method, tail, body)
    if notification.kind is Kind.UNREADABLE:
        LOG.warning("unreadable notification", reason=notification.reason)
        return _counted(notification.kind, 400)
    heard = [intake.hear(hint) for hint in notification.hints]
    if not all(heard):
        return _counted("busy", 429, {"Retry-After": "30"})
    if notification.kind is Kind.PING or (notification.kind is Kind.EVENTS and not notification.hints):
        poll()
    # Gaps are looked into after the answer: the server need not wait for our questions.
    return _counted(notification.kind, 200, after=BackgroundTask(events.hear, notification))


def _counted(
    outcome: str, status: int, headers: dict[str, str] | None = None, after: BackgroundTask | None = None
) -> Response:
    NOTIFICATIONS.labels(str(outcome)).inc()
    return Response(status_code=status, headers=headers, background=after)


async def _body(request: Request) -> Any:
    """The parsed JSON, None for an empty body, {} for an unreadable one, _TOO_LARGE beyond the limit."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            return _TOO_LARGE
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return {}
