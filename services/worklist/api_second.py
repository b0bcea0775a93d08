"""The JSON API of second readings: the same steps as on their page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.pipeline import double_reading
from services.worklist import api_models as models
from services.worklist.context import of, transact
from services.worklist.second_pages import Reading, offered, opened, store_answer
from services.worklist.session import Reviewer

Id = Annotated[int, Path(ge=1, le=models.MAX_ID)]

router = APIRouter()


@router.get("/second-readings")
async def waiting(request: Request, visit: Reviewer) -> list[models.WaitingReading]:
    """What you could read blind, oldest first."""
    rows = await transact(request, offered, visit.person)
    return [models.WaitingReading.model_validate(dict(row)) for row in rows]


@router.get("/second-readings/{reading_id}")
async def show(request: Request, visit: Reviewer, reading_id: Id) -> models.SecondReading:
    """Opens one for you; 403 where you have seen the report otherwise."""
    claim = of(request).settings.worklist.claim
    return shown(await transact(request, opened, visit.person, reading_id, claim))


def shown(reading: Reading) -> models.SecondReading:
    """Its record."""
    answers = {key: models.SecondAnswer(**dict(row)) for key, row in reading.answers.items()}
    return models.SecondReading(
        id=reading.row["id"], text=reading.row["text"], findings=reading.row["findings"], answers=answers
    )


@router.put("/second-readings/{reading_id}/answers/{finding_id}")
async def answer(
    request: Request, visit: Reviewer, reading_id: Id, finding_id: str, body: models.SecondAnswer
) -> models.Done:
    """Says what the report says of a finding, over what you said of it before."""
    claim = of(request).settings.worklist.claim
    said = (finding_id, body.status, body.side or "")
    await transact(request, store_answer, visit.person, reading_id, claim, *said)
    return models.Done()


@router.post("/second-readings/{reading_id}/finish")
async def finish(request: Request, visit: Reviewer, reading_id: Id) -> models.Done:
    """Closes it, once every finding has its answer."""
    claim = of(request).settings.worklist.claim
    await transact(request, double_reading.finish, visit.person, reading_id, claim)
    return models.Done()
