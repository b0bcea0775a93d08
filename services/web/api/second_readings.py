"""The JSON API of second readings: the same steps as on their page."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.actions import reviewing
from services.store.second_readings import OFFERED
from services.web.api import models
from services.web.api.contract import Operation, Page, whole
from services.web.auth.session import Reviewer
from services.web.context import of, transact
from services.web.views.ids import Id
from services.web.views.second_readings import Reading, offered, opened

router = APIRouter(route_class=Operation)


class WaitingReading(BaseModel):
    """A report to be read a second time; nothing here tells what was suggested or signed."""

    id: int
    patient_name: str
    patient_id: str
    accession: str
    procedure: str
    modality: str
    created_at: datetime


class SecondAnswer(BaseModel):
    """What a report says of one finding."""

    status: Literal["present", "absent", "uncertain", "not_mentioned"]
    side: models.Side | None = None


class SecondReading(BaseModel):
    """A second reading: the text, what is asked, and your answers by finding id."""

    id: int
    text: str
    findings: list[dict[str, Any]]
    answers: dict[str, SecondAnswer]


@router.get("/second-readings")
async def waiting(request: Request, visit: Reviewer) -> Page[WaitingReading]:
    """What you could read blind, oldest first."""
    rows = await transact(request, offered, visit.person)
    items = [WaitingReading.model_validate(row, from_attributes=True) for row in rows]
    return whole(items) if len(items) < OFFERED else Page(items=items)


@router.post("/second-readings/{reading_id}/open")
async def show(request: Request, visit: Reviewer, reading_id: Id) -> SecondReading:
    """Opens one for you; 403 where you have seen the report otherwise."""
    claim = of(request).settings.worklist.claim
    return shown(await transact(request, opened, visit.person, reading_id, claim))


def shown(reading: Reading) -> SecondReading:
    """Its record."""
    answers = {key: SecondAnswer.model_validate(row, from_attributes=True) for key, row in reading.answers.items()}
    return SecondReading(id=reading.row.id, text=reading.row.text, findings=reading.row.findings, answers=answers)


@router.put("/second-readings/{reading_id}/answers/{finding_id}")
async def answer(request: Request, visit: Reviewer, reading_id: Id, finding_id: str, body: SecondAnswer) -> models.Done:
    """Says what the report says of a finding, over what you said of it before."""
    claim = of(request).settings.worklist.claim
    said = (finding_id, body.status, body.side or "")
    await transact(request, reviewing.answer_second, visit.person, reading_id, claim, *said)
    return models.Done()


@router.post("/second-readings/{reading_id}/finish")
async def finish(request: Request, visit: Reviewer, reading_id: Id) -> models.Done:
    """Closes it, once every finding has its answer."""
    claim = of(request).settings.worklist.claim
    await transact(request, reviewing.finish_second, visit.person, reading_id, claim)
    return models.Done()
