"""The JSON API of operators: a message and its replay, what stopped, what wants a person."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.actions import operating as actions
from services.actions.looks import message_opened
from services.actions.searching import searched
from services.domain.messages import Message
from services.store import notices, operating
from services.web.api import models
from services.web.api.contract import Operation, Page, paged
from services.web.api.operating import Before, Limit, done
from services.web.auth.session import Operator
from services.web.context import transact
from services.web.views.ids import Id
from services.web.views.message_query import Asked, search_of
from services.web.views.message_view import MAY_READ, answer, fields

router = APIRouter(route_class=Operation)


class Field(BaseModel):
    """A valued field. `reads`: decoded, where that is not as sent; `document`: what is in it, where it is one."""

    segment: str
    place: str
    name: str
    datatype: str
    value: str
    reads: str
    document: str


class ShownMessage(models.ReceivedMessage):
    """A message with its content by place; of a patient's fields only the length where you may not read reports."""

    content: list[Field]
    answer: str


class Delivery(BaseModel):
    """Something that did not reach its destination. `event`: what a webhook tells, empty for all others."""

    id: int
    report_id: int
    kind: str
    event: str
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


class FoundMessage(models.ReceivedMessage):
    """A message, without its body. `why`: what of it matched the words of `q`."""

    why: list[str]


@router.get("/messages")
async def messages(request: Request, visit: Operator, typed: Asked, limit: Limit = 100) -> Page[FoundMessage]:
    """What came in, newest first; of it what fits a search."""
    wanted = search_of(typed, texts=visit.person.may(*MAY_READ))
    found, following = await transact(request, searched, visit.person, wanted, limit)
    rows = [FoundMessage(**_summary(each.message), why=each.why) for each in found]
    return Page(items=rows, next=following)


def _summary(row: Message) -> dict[str, Any]:
    return models.ReceivedMessage.model_validate(row, from_attributes=True).model_dump()


@router.get("/messages/{message_id}")
async def message(request: Request, visit: Operator, message_id: Id) -> ShownMessage:
    """One message with its content, as far as you may read it."""
    row = await transact(request, message_opened, actions.Operator.of(visit.person), message_id)
    made = [asdict(each) for each in fields(row, visit.person)]
    return ShownMessage.model_validate(
        {**_summary(row), "bytes": len(row.body or b""), "content": made, "answer": answer(row)}
    )


@router.post("/messages/{message_id}/replay")
async def replay(request: Request, visit: Operator, message_id: Id) -> models.Done:
    """Read again, as if it had just come in; 409 where it is on its way."""
    return await done(request, visit, actions.replay_message, message_id)


@router.post("/jobs/{job_id}/cancel")
async def cancel(request: Request, visit: Operator, job_id: Id) -> models.Done:
    """Given up; 409 where it is done or being read."""
    return await done(request, visit, actions.cancel_job, job_id)


@router.get("/deliveries")
async def deliveries(request: Request, visit: Operator, limit: Limit = 100, before: Before = None) -> Page[Delivery]:
    """Deliveries that are blocked, dead or failing, newest first."""
    rows = await transact(request, operating.stopped_deliveries, visit.person.site, limit, before=before)
    return paged([Delivery.model_validate(row, from_attributes=True) for row in rows], limit, before)


@router.get("/notices")
async def open_notices(request: Request, visit: Operator, limit: Limit = 100, before: Before = None) -> Page[Notice]:
    """What nobody has seen to yet, newest first."""
    rows = await transact(request, notices.open_ones, visit.person.site, limit, before)
    return paged([Notice.model_validate(row, from_attributes=True) for row in rows], limit, before)
