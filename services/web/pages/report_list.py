"""The list of reports, its rows alone for live refresh."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.web.auth.session import Reader, Visitor
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.views.columns import COLUMNS
from services.web.views.filters import InAddress
from services.web.views.listing import Place, load, looked_at
from services.web.views.targets import target

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
    found = await transact(request, load if refresh else looked_at, visit.person, chosen, after, before, counted)
    template = "_list.html" if refresh else "list.html"
    settings, beside = of(request).settings.worklist, found.around
    twice = settings.double_read_share > 0
    return page(
        request,
        visit,
        template,
        chosen=chosen,
        target=target(settings),
        columns=COLUMNS,
        double_reading=twice,
        rows=found.rows,
        total=found.total,
        earlier=found.earlier,
        later=found.later,
        chips=beside.chips,
        drafted=beside.drafted,
        untold=beside.untold,
        told_within=settings.critical_target,
        counts=beside.counts,
        modalities=beside.modalities,
        views=beside.views,
        pending=beside.pending,
    )
