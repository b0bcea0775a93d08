"""Saved views: a list's filter under a name of its own."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy import Connection

from services.pipeline.refusal import Refused
from services.store import audit, people
from services.worklist.context import transact
from services.worklist.filters import Chosen
from services.worklist.session import Reader, Visit

router = APIRouter()


@router.post("/views")
async def save(
    request: Request,
    visit: Reader,
    name: Annotated[str, Form(min_length=1, max_length=60)],
    query: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Saves the filter, cleaned of what is none."""
    return RedirectResponse((await transact(request, save_view, visit, name, query)).link("/worklist"), 303)


def save_view(connection: Connection, visit: Visit, name: str, query: str) -> Chosen:
    """Saves a view; its filter. Raises Refused where the name or the filter is none."""
    if not name.strip() or "\x00" in name + query:
        raise Refused("value", "A view needs a name.")
    try:
        chosen = Chosen.model_validate({key: value for key, value in parse_qsl(query) if key in Chosen.model_fields})
    except ValidationError:
        raise Refused("value", "This is not a filter of the worklist.") from None
    people.save_view(connection, visit.person.id, name.strip(), chosen.query())
    audit.append(connection, site=visit.person.site, actor=visit.person.actor, action="setting.view_saved")
    return chosen


@router.post("/views/{view_id}/drop")
async def drop(request: Request, visit: Reader, view_id: int) -> Response:
    """Forgets a view."""
    await transact(request, drop_view, visit, view_id)
    return RedirectResponse("/worklist", 303)


def drop_view(connection: Connection, visit: Visit, view_id: int) -> None:
    """Forgets a view of this person."""
    people.drop_view(connection, visit.person.id, view_id)
    audit.append(connection, site=visit.person.site, actor=visit.person.actor, action="setting.view_dropped")
