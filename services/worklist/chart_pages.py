"""The charts' page, and each chart as CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.store.charts import Span
from services.worklist import csv_text
from services.worklist.charting import CHARTS, every
from services.worklist.context import of, transact
from services.worklist.exports import exported
from services.worklist.pages import page
from services.worklist.session import Visitor

router = APIRouter()


def span(
    visit: Visitor,
    days: Annotated[int, Query(ge=1, le=3660)] = 30,
    finding: Annotated[str, Query(max_length=100)] = "",
    engine: Annotated[str, Query(max_length=100)] = "",
) -> Span:
    """Dependency: what the charts are of, from the address."""
    return Span(visit.person.site, days, finding, engine)


InAddress = Annotated[Span, Depends(span)]


@router.get("/charts")
async def show(request: Request, visit: Visitor, chosen: InAddress) -> Response:
    """All of them."""
    values = await transact(request, every, chosen)
    findings = [(each.finding.id, each.finding.name) for each in of(request).library.candidates()]
    findings.sort(key=lambda each: each[1].lower())
    return page(request, visit, "charts.html", span=chosen, findings=findings, **values)


@router.get("/charts/{name}.csv")
async def as_csv(
    request: Request, visit: Visitor, chosen: InAddress, name: Annotated[str, Path(pattern=f"^({'|'.join(CHARTS)})$")]
) -> Response:
    """One chart's table."""
    chart = await transact(request, CHARTS[name], chosen)
    await transact(request, exported, visit.person, f"charts/{name}", len(chart.rows))
    return csv_text.answer(name, chart.columns, chart.rows)
