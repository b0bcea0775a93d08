"""A trace as a page: any id in, the whole chain out, as lanes, as a table, and as text for a ticket."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from services.actions.tracing import as_text, spans
from services.web.context import transact
from services.web.pages.rendering import page
from services.web.views.lanes import drawn
from services.web.views.message_view import MAY_READ
from services.web.views.traced import Asked, Texts, Tracer, looked_up

router = APIRouter()


@router.get("/trace")
async def trace(request: Request, visit: Tracer, asked: Asked = "", texts: Texts = False) -> Response:
    """The chain an id belongs to; without one the form alone."""
    wanted = asked.strip()
    found = await transact(request, looked_up, visit.person, wanted, texts) if wanted else None
    values: dict[str, Any] = {"asked": wanted, "trace": found, "may_read": visit.person.may(*MAY_READ), "texts": texts}
    if found:
        values |= {"drawing": drawn(found.steps), "ticket": as_text(found), "spans": spans}
    return page(request, visit, "trace.html", status=200 if found or not wanted else 404, **values)
