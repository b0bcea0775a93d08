"""Saved views: a list's filter under a name of its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.actions import accounts
from services.web.auth.session import Reader
from services.web.context import transact
from services.web.preferring import save_view

router = APIRouter()


@router.post("/views")
async def save(
    request: Request,
    visit: Reader,
    name: Annotated[str, Form(min_length=1, max_length=60)],
    query: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Saves the filter, cleaned of what is none."""
    return RedirectResponse((await transact(request, save_view, visit.person, name, query)).link("/worklist"), 303)


@router.post("/views/{view_id}/drop")
async def drop(request: Request, visit: Reader, view_id: int) -> Response:
    """Forgets a view."""
    await transact(request, accounts.drop_view, visit.person, view_id)
    return RedirectResponse("/worklist", 303)
