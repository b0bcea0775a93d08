"""The JSON API of operators: a message and its replay, what stopped, what wants a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel

from services.store import inbox, jobs, notices, operating
from services.worklist import api_models as models
from services.worklist.api_operating import Limit, done
from services.worklist.context import transact
from services.worklist.message_pages import looked_into, places
from services.worklist.operator_pages import GIVEN_UP
from services.worklist.session import Operator

Id = Annotated[int, Path(ge=1, le=models.MAX_ID)]

router = APIRouter()


class ShownMessage(models.ReceivedMessage):
    """A message with its content by place; of a patient's fields only the length where you may not read reports."""

    content: list[tuple[str, str]]


class Delivery(BaseModel):
    """Something that did not reach its destination."""

    id: int
    report_id: int
    kind: str
    destination: str
    state: str
    attempts: int
    reason: str


class Notice(BaseModel):
    """Something a person must see to."""

    id: int
    kind: str
    report_id: int | None
    message: str
    created_at: datetime


@router.get("/messages/{message_id}")
async def message(request: Request, visit: Operator, message_id: Id) -> ShownMessage:
    """One message with its content, as far as you may read it."""
    row = await transact(request, looked_into, visit.person, message_id)
    size = len(row["body"] or b"")
    return ShownMessage.model_validate({**row, "bytes": size, "content": list(places(row, visit))})


@router.post("/messages/{message_id}/replay")
async def replay(request: Request, visit: Operator, message_id: Id) -> models.Done:
    """Read again, as if it had just come in; 409 where it is on its way."""
    entity = f"message/{message_id}"
    return await done(request, visit, "message.replay", entity, lambda c: inbox.requeue(c, message_id))


@router.post("/jobs/{job_id}/cancel")
async def cancel(request: Request, visit: Operator, job_id: Id) -> models.Done:
    """Given up; 409 where it is done or being read."""
    return await done(request, visit, "job.cancel", f"job/{job_id}", lambda c: jobs.cancel(c, job_id, GIVEN_UP))


@router.get("/deliveries")
async def deliveries(request: Request, visit: Operator, limit: Limit = 100) -> list[Delivery]:
    """Deliveries that are blocked, dead or failing, newest first."""
    rows = await transact(request, operating.stopped_deliveries, limit)
    return [Delivery.model_validate(dict(row)) for row in rows]


@router.get("/notices")
async def open_notices(request: Request, visit: Operator, limit: Limit = 100) -> list[Notice]:
    """What nobody has seen to yet, newest first."""
    rows = await transact(request, notices.open_ones, limit)
    return [Notice.model_validate(dict(row)) for row in rows]
