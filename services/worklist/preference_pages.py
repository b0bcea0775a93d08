"""What a person chooses for themselves: theme and keys."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.pipeline.refusal import Refused
from services.store import audit, people
from services.worklist.context import transact
from services.worklist.keys import COMMANDS, problem
from services.worklist.pages import page
from services.worklist.session import Visit, Visitor

router = APIRouter()


@router.get("/preferences")
async def show(request: Request, visit: Visitor) -> Response:
    """The form."""
    chosen = visit.preferences.get("keys", {})
    rows = [(command, label, chosen.get(command, default)) for command, (default, label) in COMMANDS.items()]
    return page(request, visit, "preferences.html", rows=rows, keys_off=bool(visit.preferences.get("keys_off")))


@router.post("/preferences")
async def save(
    request: Request,
    visit: Visitor,
    theme: Annotated[Literal["dark", "light", "auto"], Form()],
    keys_off: Annotated[bool, Form()] = False,
) -> Response:
    """Stores what was chosen. Raises Refused where two commands share a key."""
    form = await request.form()
    keys = {command: str(form[f"key_{command}"]).strip() for command in COMMANDS if f"key_{command}" in form}
    await transact(request, store_preferences, visit, theme, keys_off, keys)
    return RedirectResponse("/preferences", 303)


def store_preferences(connection: Connection, visit: Visit, theme: str, keys_off: bool, keys: dict[str, str]) -> None:
    """Stores what differs from the defaults. Raises Refused where two commands share a key."""
    wrong = problem(keys)
    if wrong:
        raise Refused("value", f"Keys: {wrong}.")
    changed = {command: key for command, key in keys.items() if key != COMMANDS[command][0]}
    preferences = {"theme": theme, "keys_off": keys_off, "keys": changed}
    people.set_preferences(connection, visit.person.id, preferences)
    actor = visit.person.actor
    audit.append(connection, site=visit.person.site, actor=actor, action="setting.preferences", detail=preferences)
