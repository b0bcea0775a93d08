"""Second readings: reports to be read again, blind, by somebody who saw neither the engine's nor the first word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, RowMapping

from services.pipeline import double_reading
from services.pipeline.refusal import Refused
from services.store import second_readings
from services.store.people import Person
from services.worklist import evidence
from services.worklist.context import of, transact
from services.worklist.looking import listed
from services.worklist.pages import page
from services.worklist.session import Reviewer, Visit

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Reading:
    """One second reading on the screen. `current` is the finding asked about now, "" when all are answered."""

    row: RowMapping
    answers: Mapping[str, RowMapping]
    pieces: list[evidence.Piece]
    current: str

    @property
    def complete(self) -> bool:
        """Whether every finding has its answer."""
        return all(each["id"] in self.answers for each in self.row["findings"])


@router.get("/second")
async def waiting(request: Request, visit: Reviewer) -> Response:
    """What this person could read blind."""
    return page(request, visit, "second_list.html", rows=await transact(request, offered, visit.person))


def offered(connection: Connection, person: Person) -> Sequence[RowMapping]:
    """What waits for a second reading of theirs, with the row of their look at it."""
    rows = second_readings.waiting(connection, person.site, person.id)
    listed(connection, person, "second readings", len(rows))
    return rows


@router.get("/second/{reading_id}")
async def show(
    request: Request, visit: Reviewer, reading_id: int, current: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Opens one; the finding asked for, else the first without an answer."""
    reading = await transact(request, opened, visit.person, reading_id, of(request).settings.worklist.claim, current)
    return _answer(request, visit, reading)


def opened(connection: Connection, person: Person, reading_id: int, claim: float, current: str = "") -> Reading:
    """Claims a second reading and shows it. Raises Refused."""
    row = double_reading.open_reading(connection, person, reading_id, claim)
    answers = second_readings.answers(connection, reading_id)
    ids = [each["id"] for each in row["findings"]]
    unanswered = next((each for each in ids if each not in answers), "")
    text, sections = row["text"], row["record"].get("sections", ())
    named = {each["start"]: each["kind"].capitalize() for each in sections}
    pieces = evidence.pieces(text, evidence.spans(text, (), ()), named)
    return Reading(row, answers, pieces, current if current in ids else unanswered)


def _answer(request: Request, visit: Visit, reading: Reading) -> Response:
    template = "_second.html" if request.headers.get("hx-target") == "panel" else "second.html"
    return page(request, visit, template, reading=reading, statuses=double_reading.STATUSES)


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
        store_answer(connection, visit.person, reading_id, claim, finding, status, side)
        return opened(connection, visit.person, reading_id, claim)

    return _answer(request, visit, await transact(request, work))


def store_answer(
    connection: Connection, person: Person, reading_id: int, claim: float, finding: str, status: str, side: str
) -> None:
    """Stores an answer on one of the findings asked about. Raises Refused."""
    row = second_readings.locked(connection, person.site, reading_id)
    asked: list[dict[str, Any]] = row["findings"] if row is not None else []
    chosen = next((each for each in asked if each["id"] == finding), None)
    if chosen is None:
        raise Refused("unknown", "That finding is not asked about here.")
    double_reading.answer(connection, person, reading_id, claim, chosen, status, side or None)


@router.post("/second/{reading_id}/finish")
async def finish(request: Request, visit: Reviewer, reading_id: int) -> Response:
    """Closes it; the next one, or the list."""
    claim = of(request).settings.worklist.claim

    def work(connection: Connection) -> int | None:
        double_reading.finish(connection, visit.person, reading_id, claim)
        rows = second_readings.waiting(connection, visit.person.site, visit.person.id, limit=1)
        return int(rows[0]["id"]) if rows else None

    following = await transact(request, work)
    target = "/second" if following is None else f"/second/{following}"
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)
