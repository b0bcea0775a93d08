"""The charts' page, and each chart as CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.actions.looks import exported
from services.web.auth.session import Visitor
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.views import csv_text
from services.web.views.charted import InAddress
from services.web.views.charting import CHARTS, every

router = APIRouter()


@router.get("/charts")
async def show(request: Request, visit: Visitor, chosen: InAddress) -> Response:
    """All of them."""
    made, readers = await transact(request, every, chosen)
    findings = [(each.finding.id, each.finding.name) for each in of(request).library.candidates()]
    findings.sort(key=lambda each: each[1].lower())
    return page(request, visit, "charts.html", span=chosen, findings=findings, charts=made, readers=readers)


@router.get("/charts/{name}.csv")
async def as_csv(
    request: Request, visit: Visitor, chosen: InAddress, name: Annotated[str, Path(pattern=f"^({'|'.join(CHARTS)})$")]
) -> Response:
    """One chart's table."""
    chart = await transact(request, CHARTS[name], chosen)
    await transact(request, exported, visit.person, f"charts/{name}", len(chart.rows))
    return csv_text.answer(name, chart.columns, chart.rows)
