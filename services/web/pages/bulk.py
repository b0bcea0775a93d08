"""One low-risk finding approved in several reports at a time: shown with its evidence, counted, confirmed, undone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from services.actions import reviewing
from services.web.auth.session import Reviewer
from services.web.context import of, transact
from services.web.pages.rendering import page

router = APIRouter()
Finding = Annotated[str, Form(max_length=100)]
Numbers = Annotated[list[int], Form(max_length=100)]


@router.get("/bulk")
async def show(request: Request, visit: Reviewer, finding: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Each report's words for the finding; nothing is chosen beforehand."""
    rows = await transact(request, reviewing.look_together, visit.person, finding)
    names = [(each.finding.id, each.finding.name) for each in of(request).library.candidates()]
    names.sort(key=lambda each: each[1].lower())
    return page(request, visit, "bulk.html", rows=rows, finding=finding, findings=names, step="choose")


@router.post("/bulk/confirm")
async def confirm(request: Request, visit: Reviewer, finding: Finding, chosen: Numbers) -> Response:
    """The count, and the chosen ones once more."""
    offered = await transact(request, reviewing.offered_together, visit.person, finding)
    rows = [row for row in offered if row.id in chosen]
    return page(request, visit, "bulk.html", rows=rows, finding=finding, findings=[], step="confirm")


@router.post("/bulk/approve")
async def approve(request: Request, visit: Reviewer, finding: Finding, chosen: Numbers) -> Response:
    """Drafts them; what came of it can be undone."""
    claim = of(request).settings.worklist.claim
    made = await transact(request, reviewing.approve_together, visit.person, finding, frozenset(chosen), claim)
    return page(request, visit, "bulk.html", rows=[], finding=finding, findings=[], step="done", made=made)


@router.post("/bulk/undo")
async def undo(request: Request, visit: Reviewer, finding: Finding, drafts: Numbers) -> Response:
    """Takes them all back."""
    count = await transact(request, reviewing.undo_together, visit.person, drafts, of(request).settings.worklist.claim)
    return page(request, visit, "bulk.html", rows=[], finding=finding, findings=[], step="undone", made=[], count=count)
