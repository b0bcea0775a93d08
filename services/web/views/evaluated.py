"""What the evaluation's pages show, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from sqlalchemy import Connection

from services.domain.people import Person
from services.store import charts
from services.store.charts import Span
from services.web.auth.session import Visit, Visitor
from services.web.context import of
from services.web.views.charting import Chart
from services.web.views.evaluation_charts import PAGES, TRAINING, Asked, Build, other_engines
from services.workflow.refusal import Refused

GROUPINGS = (
    "finding",
    "engine,model",
    "week",
    "finding,engine,model",
    "engine,model,week",
    "finding,engine,model,week",
)
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


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A page of the evaluation: its charts, what they are of, and what else could be asked."""

    charts: list[Chart]
    asked: Asked
    engines: list[str]
    others: list[str]


def values(connection: Connection, chosen: Asked, name: str, build: Build, shadow: str) -> Evaluated:
    """The charts of a page; of the shadow's, where no engine is chosen, those of the one in the settings."""
    others = other_engines(connection, chosen.span.site) if name == "shadow" else []
    if not chosen.other and others:
        chosen = Asked(chosen.person, chosen.span, chosen.by, shadow if shadow in others else others[0])
    return Evaluated(build(connection, chosen), chosen, charts.engines(connection, chosen.span.site), others)


def build_of(request: Request, visit: Visit, name: str) -> Build:
    """How a page is made. Raises Refused where this person has none of that name."""
    found = pages_of(request, visit.person).get(name)
    if found is None:
        raise Refused("unknown", "There is no such page.")
    return found[1]
