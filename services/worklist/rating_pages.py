"""The QUEST form under a sample of reports: five items, keys 1 to 5, never in the way of Sign."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import Connection

from services.pipeline import review
from services.store import ratings, review_screen
from services.store.people import Person
from services.worklist.context import transact
from services.worklist.filters import InAddress
from services.worklist.review_pages import answer, panel
from services.worklist.screen import Screen
from services.worklist.session import Reviewer

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
        return panel(connection, visit.person, review_id, None, False)

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


def store_rating(connection: Connection, person: Person, review_id: int, item: str, value: int) -> None:
    """Stores one item with the versions of what made the reading, and its audit row."""
    row = review.found(connection, person, review_id)
    reading = review_screen.reading(connection, row["version_id"])
    ratings.put(
        connection,
        site_id=row["site_id"],
        review_id=review_id,
        account_id=person.id,
        item=item,
        value=value,
        engine=reading["engine"] if reading else {},
    )
    review.note(connection, person, row, "review.rate", item=item, value=value)
