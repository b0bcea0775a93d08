"""The evaluation's pages and each of their tables as CSV: reviewers, drift, agreement, the shadow, exercises."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from services.actions.looks import exported
from services.web.auth.session import Visitor
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.views import csv_text
from services.web.views.evaluated import GROUPINGS, InAddress, Name, build_of, pages_of, values
from services.workflow.refusal import Refused

router = APIRouter()


@router.get("/evaluation")
async def first(request: Request, visit: Visitor) -> Response:
    """The first of the pages."""
    return RedirectResponse(f"/evaluation/{next(iter(pages_of(request, visit.person)))}", 303)


@router.get("/evaluation/{name}")
async def show(request: Request, visit: Visitor, name: Name, chosen: InAddress) -> Response:
    """One page."""
    build = build_of(request, visit, name)
    shown = await transact(request, values, chosen, name, build, of(request).settings.reading.shadow)
    findings = [(each.finding.id, each.finding.name) for each in of(request).library.candidates()]
    findings.sort(key=lambda each: each[1].lower())
    tabs = [(key, label) for key, (label, _) in pages_of(request, visit.person).items()]
    return page(
        request, visit, "evaluation.html", name=name, tabs=tabs, findings=findings, groupings=GROUPINGS,
        reading=of(request).settings.reading, charts=shown.charts, asked=shown.asked, span=shown.asked.span,
        engines=shown.engines, others=shown.others,
    )  # fmt: skip


@router.get("/evaluation/{name}/{table}.csv")
async def as_csv(
    request: Request,
    visit: Visitor,
    name: Name,
    table: Annotated[str, Path(pattern=r"^[a-z0-9-]+$")],
    chosen: InAddress,
) -> Response:
    """One table of a page."""
    build = build_of(request, visit, name)
    shown = await transact(request, values, chosen, name, build, of(request).settings.reading.shadow)
    for chart in shown.charts:
        if chart.id == table:
            await transact(request, exported, visit.person, f"evaluation/{name}/{table}", len(chart.rows))
            return csv_text.answer(f"{name}-{table}", chart.columns, chart.rows)
    raise Refused("unknown", "There is no such table.")
