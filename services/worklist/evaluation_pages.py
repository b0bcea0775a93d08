"""The evaluation's pages and each of their tables as CSV: reviewers, drift, agreement, the shadow, exercises."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.pipeline.refusal import Refused
from services.store import charts
from services.store.charts import Span
from services.store.people import Person
from services.worklist import csv_text
from services.worklist.context import of, transact
from services.worklist.evaluating import PAGES, TRAINING, Asked, Build, other_engines
from services.worklist.exports import exported
from services.worklist.pages import page
from services.worklist.session import Visit, Visitor

GROUPINGS = (
    "finding",
    "engine,model",
    "week",
    "finding,engine,model",
    "engine,model,week",
    "finding,engine,model,week",
)

router = APIRouter()


# Who decides about engines; a reviewer who knew what the shadow says would not be free of it.
SHADOW_ROLES = ("operator", "auditor", "administrator")


def pages_of(request: Request, person: Person) -> dict[str, tuple[str, Build]]:
    """What this person may see. A training instance has exercises beside what every instance has."""
    every = TRAINING | PAGES if of(request).settings.training else PAGES
    return {name: each for name, each in every.items() if name != "shadow" or person.may(*SHADOW_ROLES)}


def asked(
    visit: Visitor,
    days: Annotated[int, Query(ge=1, le=3660)] = 30,
    finding: Annotated[str, Query(max_length=100)] = "",
    engine: Annotated[str, Query(max_length=100)] = "",
    by: Annotated[str, Query(max_length=40)] = "finding",
    other: Annotated[str, Query(max_length=100)] = "",
) -> Asked:
    """Dependency: what a page is of, from the address."""
    groups = tuple(by.split(",")) if by in GROUPINGS else ("finding",)
    return Asked(visit.person, Span(visit.person.site, days, finding, engine), groups, other)


InAddress = Annotated[Asked, Depends(asked)]
Name = Annotated[str, Path(pattern=r"^[a-z]+$")]


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
        reading=of(request).settings.reading, **shown,
    )  # fmt: skip


def values(connection: Connection, chosen: Asked, name: str, build: Build, shadow: str) -> dict[str, Any]:
    others = other_engines(connection, chosen.span.site) if name == "shadow" else []
    if not chosen.other and others:
        chosen = Asked(chosen.person, chosen.span, chosen.by, shadow if shadow in others else others[0])
    return {
        "charts": build(connection, chosen),
        "asked": chosen,
        "span": chosen.span,
        "engines": charts.engines(connection, chosen.span.site),
        "others": others,
    }


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
    for chart in shown["charts"]:
        if chart.id == table:
            await transact(request, exported, visit.person, f"evaluation/{name}/{table}", len(chart.rows))
            return csv_text.answer(f"{name}-{table}", chart.columns, chart.rows)
    raise Refused("unknown", "There is no such table.")


def build_of(request: Request, visit: Visit, name: str) -> Build:
    """How a page is made. Raises Refused where this person has none of that name."""
    found = pages_of(request, visit.person).get(name)
    if found is None:
        raise Refused("unknown", "There is no such page.")
    return found[1]
