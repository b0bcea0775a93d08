"""The quarantine: grouped by sender and reason; a selection is tried, read again, watched, and taken back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.actions import operating, replaying
from services.domain.quarantine import Outcome
from services.store import quarantine
from services.web.auth.session import Operator, Visit
from services.web.context import transact
from services.web.pages.rendering import page
from services.web.trying import tried
from services.web.views.ids import MAX_ID, Id

Key = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
Chosen = Annotated[list[Annotated[int, Form(ge=1, le=MAX_ID)]], Form()]

router = APIRouter()


@router.get("/quarantine")
async def groups(request: Request, visit: Operator) -> Response:
    """What could not be understood, by sender and reason, the most frequent first."""
    found = await transact(request, replaying.groups, operating.Operator.of(visit.person))
    most = max((count for group in found for _, count in group.days), default=0)
    return page(request, visit, "quarantine.html", groups=found, most=most)


@router.get("/quarantine/{key}")
async def group(request: Request, visit: Operator, key: Key) -> Response:
    """The messages of one group, all chosen."""
    return await _shown(request, visit, key, {}, frozenset())


@router.post("/quarantine/{key}/try")
async def trial(request: Request, visit: Operator, key: Key, chosen: Chosen) -> Response:
    """What each of the chosen would become; nothing is changed."""
    outcomes = await tried(request, visit, chosen)
    return await _shown(request, visit, key, {each.message_id: each for each in outcomes}, frozenset(chosen))


@router.post("/quarantine/{key}/replay")
async def replay(request: Request, visit: Operator, key: Key, chosen: Chosen) -> Response:
    """Has the chosen read again; leads to their progress."""
    number = await transact(request, replaying.replay, operating.Operator.of(visit.person), chosen)
    return RedirectResponse(f"/replays/{number}", 303)


@router.get("/replays/{number}")
async def progress(request: Request, visit: Operator, number: Id) -> Response:
    """Where the messages of a replay are now; the page asks again until all were read."""
    found = await transact(request, replaying.progress, operating.Operator.of(visit.person), number)
    return page(request, visit, "replay.html", replay=found)


@router.post("/replays/{number}/undo")
async def undo(request: Request, visit: Operator, number: Id) -> Response:
    """Puts back what nobody has read yet."""
    await transact(request, replaying.take_back, operating.Operator.of(visit.person), number)
    return RedirectResponse(f"/replays/{number}", 303)


async def _shown(
    request: Request, visit: Visit, key: str, outcomes: dict[int, Outcome], chosen: frozenset[int]
) -> Response:
    def work(connection: Connection) -> dict[str, Any]:
        about, rows = quarantine.of_group(connection, visit.person.site, key)
        return {"group": about, "rows": rows}

    values = await transact(request, work)
    status = 200 if values["group"] else 404
    return page(
        request, visit, "quarantine_group.html", status=status, outcomes=outcomes, chosen=chosen, key=key, **values
    )
