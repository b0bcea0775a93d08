"""The JSON API's trace: the same record the page draws and the command prints."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.domain.traces import Trace
from services.web.api.contract import Operation
from services.web.context import transact
from services.web.views.traced import Texts, Tracer, looked_up
from services.workflow.refusal import Refused

router = APIRouter(route_class=Operation)


@router.get("/trace")
async def trace(
    request: Request,
    visit: Tracer,
    asked: Annotated[str, Query(alias="id", min_length=1, max_length=200)],
    texts: Texts = False,
) -> Trace:
    """The chain an id belongs to: control id, accession, patient id, FHIR Type/id, or message/7, report/7, job/7."""
    found = await transact(request, looked_up, visit.person, asked, texts)
    if found is None:
        raise Refused("unknown", "Nothing is known by that id.")
    return found
