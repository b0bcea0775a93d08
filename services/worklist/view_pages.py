"""Saved views: a list's filter under a name of its own."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

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
    chosen = Chosen.model_validate({key: value for key, value in parse_qsl(query) if key in Chosen.model_fields})
    await transact(request, _save, visit, name.strip(), chosen.query())
    return RedirectResponse(chosen.link("/worklist"), 303)


def _save(connection: Connection, visit: Visit, name: str, query: str) -> None:
    people.save_view(connection, visit.person.id, name, query)
    audit.append(connection, site=visit.person.site, actor=visit.person.actor, action="setting.view_saved")


@router.post("/views/{view_id}/drop")
async def drop(request: Request, visit: Reader, view_id: int) -> Response:
    """Forgets a view."""
    await transact(request, _drop, visit, view_id)
    return RedirectResponse("/worklist", 303)


def _drop(connection: Connection, visit: Visit, view_id: int) -> None:
    people.drop_view(connection, visit.person.id, view_id)
    audit.append(connection, site=visit.person.site, actor=visit.person.actor, action="setting.view_dropped")
