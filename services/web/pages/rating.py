"""The QUEST form under a sample of reports: five items, keys 1 to 5, never in the way of Sign."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import Connection

from services.actions.rating import store_rating
from services.web.auth.session import Reviewer
from services.web.context import of, transact
from services.web.pages.review import answer
from services.web.views.filters import InAddress
from services.web.views.opening import panel
from services.web.views.screen import Screen

Item = Literal["quality", "understanding", "expression", "safety", "trust"]

router = APIRouter()


@router.post("/reviews/{review_id}/rate")
async def rate(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    item: Annotated[Item, Form()],
    value: Annotated[int, Form(ge=1, le=5)],
) -> Response:
    """Stores one item and shows the next."""

    def work(connection: Connection) -> Screen:
        store_rating(connection, visit.person, review_id, item, value)
        return panel(connection, of(request), visit.person, review_id, None, False)

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)
