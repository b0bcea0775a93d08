"""What a person chooses for themselves: theme, time zone, sound and keys."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.web.auth.session import Visitor
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.preferring import Preferences, store_preferences
from services.web.views.keys import COMMANDS

router = APIRouter()


@router.get("/preferences")
async def show(request: Request, visit: Visitor) -> Response:
    """The form."""
    chosen = visit.preferences.get("keys", {})
    rows = [(command, label, chosen.get(command, default)) for command, (default, label) in COMMANDS.items()]
    return page(
        request,
        visit,
        "preferences.html",
        rows=rows,
        keys_off=bool(visit.preferences.get("keys_off")),
        timezone=visit.preferences.get("timezone", ""),
        site_zone=of(request).settings.worklist.timezone or "UTC",
        zones=sorted(available_timezones()),
    )


@router.post("/preferences")
async def save(
    request: Request,
    visit: Visitor,
    theme: Annotated[Literal["dark", "light", "auto"], Form()],
    keys_off: Annotated[bool, Form()] = False,
    timezone: Annotated[str, Form(max_length=60)] = "",
    sound: Annotated[bool, Form()] = False,
) -> Response:
    """Stores what was chosen. Raises Refused where two commands share a key, or there is no such time zone."""
    form = await request.form()
    keys = {command: str(form[f"key_{command}"]).strip() for command in COMMANDS if f"key_{command}" in form}
    await transact(
        request, store_preferences, visit.person, Preferences(theme, keys_off, keys, timezone.strip(), sound)
    )
    return RedirectResponse("/preferences", 303)
