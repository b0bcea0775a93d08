"""What charts are of, from an address."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from services.store.charts import Span
from services.web.auth.session import Visitor


def span(
    visit: Visitor,
    days: Annotated[int, Query(ge=1, le=3660)] = 30,
    finding: Annotated[str, Query(max_length=100)] = "",
    engine: Annotated[str, Query(max_length=100)] = "",
    model: Annotated[str, Query(max_length=200)] = "",
) -> Span:
    """Dependency: what the charts are of, from the address; always of the person's own site."""
    return Span(visit.person.site, days, finding, engine, model)


InAddress = Annotated[Span, Depends(span)]
