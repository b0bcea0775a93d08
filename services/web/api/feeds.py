"""The JSON API's feeds: how each sender does, and what waits."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.actions import feeds
from services.domain.feeds import Backlog
from services.web.api.contract import Operation
from services.web.auth.session import Operator
from services.web.context import transact

router = APIRouter(route_class=Operation)


class FeedShown(BaseModel):
    """One sender. `usual`: the fewest messages of the same stretch in the weeks before, null where nothing is known."""

    sender: str
    last: datetime
    silence: float = Field(description="Seconds since the last message.")
    usual: int | None
    messages: int = Field(description="Of the last hour, as the two that follow.")
    rejected: int
    quarantined: int
    refused: float = Field(description="Share of the last hour that was rejected or quarantined.")
    answer_seconds: float | None = Field(
        description="95 in 100 of its answers over MLLP left within so many seconds, of the last quarter of an hour; "
        "null where there were none."
    )
    alarms: list[str] = Field(description="silent, refused, slow")


class Feeds(BaseModel):
    """Senders of the site, those with an alarm first, and what waits."""

    feeds: list[FeedShown]
    backlog: Backlog


@router.get("/feeds")
async def show(request: Request, visit: Operator) -> Feeds:
    """How each sender does, and what waits."""
    found, backlog = await transact(request, feeds.looked_at, visit.person)
    return Feeds(feeds=[FeedShown.model_validate(each, from_attributes=True) for each in found], backlog=backlog)
