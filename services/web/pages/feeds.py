"""Feeds: which sender is silent or sends what cannot be read, and what waits. Each number leads to its cause."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.actions import feeds
from services.domain.feeds import SLOW
from services.web.auth.session import Operator
from services.web.context import transact
from services.web.pages.rendering import page

router = APIRouter()


@router.get("/feeds")
async def show(request: Request, visit: Operator) -> Response:
    """Senders of the site, those with an alarm first."""
    found, backlog = await transact(request, feeds.looked_at, visit.person)
    return page(request, visit, "feeds.html", feeds=found, backlog=backlog, SLOW=SLOW)
