"""The five-item QUEST form: what reviewers think of a reading, stored with the versions that made it."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.store.tables import rating


def put(connection: Connection, **values: object) -> None:
    """Stores one item's value, 1 to 5, over an earlier one of the same person."""
    statement = pg_insert(rating).values(**values)
    where = ["review_id", "account_id", "item"]
    connection.execute(statement.on_conflict_do_update(index_elements=where, set_={"value": values["value"]}))
