"""Second readings: reports to be read again, blind, by somebody who saw neither the engine's nor the first word."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.actions import reviewing
from services.store import second_readings
from services.web.auth.session import Reviewer, Visit
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.views.second_readings import Reading, offered, opened, standing

router = APIRouter()
Finding = Annotated[str, Query(max_length=100)]


@router.get("/second")
async def waiting(request: Request, visit: Reviewer) -> Response:
    """What this person could read blind."""
    return page(request, visit, "second_list.html", rows=await transact(request, offered, visit.person))


@router.post("/second/{reading_id}/open")
async def open_one(
    request: Request, visit: Reviewer, reading_id: int, current: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Claims one, and leads to it; from its own page to the finding asked for."""
    claim = of(request).settings.worklist.claim
    reading = await transact(request, opened, visit.person, reading_id, claim, current)
    return _answer(request, visit, reading) if _in_panel(request) else _to(request, f"/second/{reading_id}")


@router.get("/second/{reading_id}")
async def show(request: Request, visit: Reviewer, reading_id: int, current: Finding = "") -> Response:
    """The one this person has open, at the finding asked for, else the first without an answer; else the list."""
    reading = await transact(request, standing, visit.person, reading_id, current)
    return _to(request, "/second") if reading is None else _answer(request, visit, reading)


def _answer(request: Request, visit: Visit, reading: Reading) -> Response:
    template = "_second.html" if _in_panel(request) else "second.html"
    return page(request, visit, template, reading=reading, statuses=reviewing.STATUSES)


@router.post("/second/{reading_id}/answer")
async def answer(
    request: Request,
    visit: Reviewer,
    reading_id: int,
    finding: Annotated[str, Form(max_length=100)],
    status: Annotated[str, Form(max_length=20)],
    side: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Stores an answer and asks about the next finding."""
    claim = of(request).settings.worklist.claim

    def work(connection: Connection) -> Reading:
        reviewing.answer_second(connection, visit.person, reading_id, claim, finding, status, side)
        return opened(connection, visit.person, reading_id, claim)

    return _answer(request, visit, await transact(request, work))


@router.post("/second/{reading_id}/finish")
async def finish(request: Request, visit: Reviewer, reading_id: int) -> Response:
    """Closes it; the next one is opened, or the list shown."""
    claim = of(request).settings.worklist.claim

    def work(connection: Connection) -> int | None:
        reviewing.finish_second(connection, visit.person, reading_id, claim)
        rows = second_readings.waiting(connection, visit.person.site, visit.person.id, limit=1)
        return reviewing.open_second(connection, visit.person, rows[0].id, claim).id if rows else None

    following = await transact(request, work)
    return _to(request, "/second" if following is None else f"/second/{following}")


def _in_panel(request: Request) -> bool:
    return request.headers.get("hx-target") == "panel"


def _to(request: Request, address: str) -> Response:
    """Leads there, also from a form that htmx sent."""
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)
