"""The five-item QUEST form: what reviewers think of a reading, stored with the versions that made it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.store.tables import rating


def put(connection: Connection, **values: Any) -> None:
    """Stores one item's value, 1 to 5, over an earlier one of the same person."""
    statement = pg_insert(rating).values(**values)
    where = ["review_id", "account_id", "item"]
    connection.execute(statement.on_conflict_do_update(index_elements=where, set_={"value": values["value"]}))


_OF_REVIEW = select(rating.c.item, rating.c.value).where(
    rating.c.review_id == bindparam("review"), rating.c.account_id == bindparam("account")
)


def of_review(connection: Connection, review_id: int, account_id: int) -> dict[str, int]:
    """A person's ratings of a review, by item."""
    rows = connection.execute(_OF_REVIEW, {"review": review_id, "account": account_id})
    return {row[0]: int(row[1]) for row in rows}
