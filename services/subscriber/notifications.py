"""The endpoint FHIR servers notify: every known form of notification, answered fast, believed only as a hint."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from integration.fhir.notification import Kind, Notification, read_notification
from integration.fhir.subscription import SECRET_HEADER
from services.subscriber.intake import Intake
from services.telemetry.logs import log

LOG = log("subscriber")
PATH = "/fhir-notify"
MAX_BODY = 4 * 1024 * 1024


def make_app(intake: Intake, secret: str, poll: Callable[[], None]) -> FastAPI:
    """The application; `poll` is called where a notification does not say what changed."""
    app = FastAPI(title="Countersign notifications", docs_url=None, redoc_url=None, openapi_url=None)

    async def notified(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if secret and not secrets.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=403)
        body = await _body(request)
        if body is _TOO_LARGE:
            return Response(status_code=413)
        tail = request.url.path.removeprefix(PATH)
        return _heard(read_notification(request.method, tail, body), intake, poll)

    handler: Callable[[Request], Awaitable[Response]] = notified
    for path in (PATH, PATH + "/{tail:path}"):
        app.add_api_route(path, handler, methods=["POST", "PUT", "DELETE"])
    return app


def _heard(notification: Notification, intake: Intake, poll: Callable[[], None]) -> Response:
    if notification.kind is Kind.UNREADABLE:
        LOG.warning("unreadable notification", reason=notification.reason)
        return Response(status_code=400)
    heard = [intake.hear(hint) for hint in notification.hints]
    if not all(heard):
        return Response(status_code=429, headers={"Retry-After": "30"})
    if notification.kind is Kind.PING:
        poll()
    return Response(status_code=200)


_TOO_LARGE: Any = object()


async def _body(request: Request) -> Any:
    """The parsed JSON, None for an empty or unreadable body, _TOO_LARGE beyond the limit."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            return _TOO_LARGE
    try:
        return json.loads(data) if data else None
    except ValueError:
        return {}
