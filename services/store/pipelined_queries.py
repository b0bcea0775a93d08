"""Several questions in one round trip: on a busy machine a round trip costs more than a small question.

libpq's pipeline, which SQLAlchemy does not use by itself. Questions of one call do not see each other's answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import Connection, Dialect, RowMapping, Select, TextualSelect
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_only

Statement = Select[Any] | TextualSelect
Question = tuple[Statement, Mapping[str, Any]]


def read(connection: Connection, *questions: Question) -> list[Sequence[RowMapping]]:
    """The rows of each question, a statement made once and its parameters. Raises DBAPIError as `execute` does.

    Over a synchronous connection they are asked one after the other.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, AsyncConnection):
        return [connection.execute(statement, values).mappings().all() for statement, values in questions]
    if not connection.in_transaction():
        # As `execute` does, so that a rollback is one.
        connection.begin()
    made = [(_compiled(connection.dialect, statement, tuple(values)), values) for statement, values in questions]
    try:
        found = await_only(_pipeline(driver, [(sql, {**fixed, **values}) for (sql, fixed, _), values in made]))
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(None, None, error, psycopg.Error, connection_invalidated=driver.closed) from error
    return [_mappings(columns, rows) for ((_, _, columns), _), rows in zip(made, found, strict=True)]


async def _pipeline(
    driver: AsyncConnection, questions: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[list[tuple[Any, ...]]]:
    cursors = []
    async with driver.pipeline():
        for sql, values in questions:
            cursors.append(await driver.cursor().execute(sql, values))
    return [await cursor.fetchall() for cursor in cursors]


@lru_cache(maxsize=256)
def _compiled(dialect: Dialect, statement: Statement, names: tuple[str, ...]) -> tuple[str, dict[str, Any], list[str]]:
    """Its text, the parameters that are part of it, the names of its columns; `names` get a value at each call."""
    made = statement.compile(dialect=dialect).construct_expanded_state(dict.fromkeys(names))
    return made.statement, dict(made.parameters), [str(column.key) for column in statement.selected_columns]


def _mappings(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Sequence[RowMapping]:
    return IteratorResult(SimpleResultMetaData(columns), iter(rows)).mappings().all()
