"""The list of reports, its rows alone for live refresh."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.settings import Worklist
from services.store import list_beside, review_list
from services.store.people import Person
from services.worklist.context import of, transact
from services.worklist.filters import Chosen, InAddress
from services.worklist.looking import listed
from services.worklist.pages import page
from services.worklist.session import Reader, Visitor

# The review a page follows or ends before.
Place = Annotated[int | None, Query(ge=1, le=2**63 - 1)]

router = APIRouter()


@router.get("/")
async def home(visit: Visitor) -> Response:
    """The worklist is the home page of those who review; operators go to their messages."""
    reads = visit.person.may("reviewer", "signer", "auditor", "administrator")
    return RedirectResponse("/worklist" if reads else "/messages", 303)


@router.get("/worklist")
async def show(
    request: Request, visit: Reader, chosen: InAddress, after: Place = None, before: Place = None
) -> Response:
    """The list; for a live refresh its rows alone. What refreshes itself is no second look."""
    refresh = request.headers.get("hx-target") == "list"
    # What the live events say anyway: a page need not count again.
    counted = request.app.state.broadcast.counts(visit.person.site)
    values = await transact(request, load if refresh else looked_at, visit.person, chosen, after, before, counted)
    template = "_list.html" if refresh else "list.html"
    settings = of(request).settings.worklist
    twice = settings.double_read_share > 0
    return page(request, visit, template, chosen=chosen, target=target(settings), double_reading=twice, **values)


def load(
    connection: Connection,
    person: Person,
    chosen: Chosen,
    after: int | None,
    before: int | None,
    counted: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Rows of a page, what they suggest, counts and saved views."""
    found = review_list.page(connection, chosen.filter(person), after, before)
    ids = [row["id"] for row in found.rows]
    around = list_beside.around(connection, person.site, person.id, ids, counted)
    return {
        "rows": found.rows,
        "earlier": found.earlier,
        "later": found.later,
        "chips": around.chips,
        "drafted": around.drafted,
        "counts": around.counts,
        "modalities": around.modalities,
        "views": around.views,
    }


def looked_at(
    connection: Connection,
    person: Person,
    chosen: Chosen,
    after: int | None,
    before: int | None,
    counted: dict[str, int] | None = None,
) -> dict[str, Any]:
    """The same, with its row in the audit trail."""
    values = load(connection, person, chosen, after, before, counted)
    choices = chosen.model_dump(exclude_defaults=True, exclude={"q"})
    listed(connection, person, "worklist", len(values["rows"]), searched=bool(chosen.q), **choices)
    return values


def target(settings: Worklist) -> tuple[float, float, float]:
    """Service target in seconds by priority."""
    return (settings.stat_target, settings.routine_target, settings.routine_target)
