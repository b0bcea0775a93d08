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
from services.worklist.session import Forbidden, Visitor

# Who runs the whole instance; the charts name no patient.
EVERY_SITE = ("operator", "administrator")

router = APIRouter()


def span(
    visit: Visitor,
    days: Annotated[int, Query(ge=1, le=3660)] = 30,
    finding: Annotated[str, Query(max_length=100)] = "",
    engine: Annotated[str, Query(max_length=100)] = "",
    model: Annotated[str, Query(max_length=200)] = "",
    site: Annotated[str, Query(max_length=100)] = "",
) -> Span:
    """Dependency: what the charts are of, from the address. Raises Forbidden: figures of another site."""
    own = visit.person.site
    if site not in ("", own) and not visit.person.may(*EVERY_SITE):
        raise Forbidden(f"Charts of another site are for the role {' or '.join(EVERY_SITE)}.")
    return Span(site or own, days, finding, engine, model)


InAddress = Annotated[Span, Depends(span)]


@router.get("/charts")
async def show(request: Request, visit: Visitor, chosen: InAddress) -> Response:
    """All of them."""
    values = await transact(request, every, chosen, visit.person.may(*EVERY_SITE))
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
