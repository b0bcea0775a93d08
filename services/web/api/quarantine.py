"""The JSON API's quarantine: groups, dry runs, replays."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.actions import operating, replaying
from services.domain.quarantine import Group, Outcome, Replay
from services.store.quarantine import MOST
from services.web.api.contract import Operation, Page, whole
from services.web.auth.session import Operator
from services.web.context import transact
from services.web.trying import tried
from services.web.views.ids import MAX_ID, Id

RowId = Annotated[int, Field(ge=1, le=MAX_ID)]

router = APIRouter(route_class=Operation)


class ChosenMessages(BaseModel):
    """Messages, by their ids."""

    messages: list[RowId] = Field(min_length=1, max_length=MOST)


class Trial(BaseModel):
    """What each would become."""

    outcomes: list[Outcome]


class Begun(BaseModel):
    """A replay under way: ask for it by its id."""

    id: int


class TakenBack(BaseModel):
    """How many messages went back into quarantine; the others were read meanwhile."""

    messages: int


@router.get("/quarantine")
async def groups(request: Request, visit: Operator) -> Page[Group]:
    """What could not be understood, by sender and reason, with counts of the last fourteen days."""
    return whole(await transact(request, replaying.groups, operating.Operator.of(visit.person)))


@router.post("/quarantine/try")
async def trial(request: Request, visit: Operator, body: ChosenMessages) -> Trial:
    """What each message would become under the sender maps in use; nothing is changed."""
    return Trial(outcomes=await tried(request, visit, body.messages))


@router.post("/replays")
async def replay(request: Request, visit: Operator, body: ChosenMessages) -> Begun:
    """Has messages read again together; 409 where none of them can be."""
    return Begun(id=await transact(request, replaying.replay, operating.Operator.of(visit.person), body.messages))


@router.get("/replays/{replay_id}")
async def progress(request: Request, visit: Operator, replay_id: Id) -> Replay:
    """Where the messages of a replay are now."""
    return await transact(request, replaying.progress, operating.Operator.of(visit.person), replay_id)


@router.post("/replays/{replay_id}/undo")
async def undo(request: Request, visit: Operator, replay_id: Id) -> TakenBack:
    """Puts back what nobody has read yet; 409 where everything was read."""
    back = await transact(request, replaying.take_back, operating.Operator.of(visit.person), replay_id)
    return TakenBack(messages=back)
