"""Several questions in one round trip: the answers are those of asking one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.domain.audit_actions import AuditAction
from services.settings import Database
from services.store import audit, pipelined_queries
from services.store.engine import connect_async
from services.store.tables import audit as rows

ACTIONS = select(rows.c.action, rows.c.detail, rows.c.at).where(rows.c.site_id == bindparam("site"))
OF_TWO = select(func.count().label("count")).where(rows.c.action.in_(("login", "logout")))


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = connect_async(database)
    yield made
    await made.dispose()


def asked(connection: Connection) -> None:
    audit.append(connection, site="here", actor="test", action=AuditAction.LOGIN, detail={"of": ["what"]})
    audit.append(connection, site="there", actor="test", action=AuditAction.LOGOUT)
    questions = ((ACTIONS, {"site": "here"}), (OF_TWO, {}), (ACTIONS, {"site": "nowhere"}))
    [[made], [both], none] = pipelined_queries.read(connection, *questions)
    [alone] = connection.execute(ACTIONS, {"site": "here"}).mappings().all()
    assert dict(made) == dict(alone)
    assert made.detail == {"of": ["what"]}
    assert (both["count"], none) == (2, [])


async def test_each_question_has_its_own_answer(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(asked)


async def test_a_question_that_fails_is_the_error_it_would_be_alone(engine: AsyncEngine) -> None:
    broken = text("SELECT 1 / CAST(:zero AS integer) AS found").columns(rows.c.id.label("found"))
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="division by zero"):
            await connection.run_sync(pipelined_queries.read, (OF_TWO, {}), (broken, {"zero": 0}))
        await connection.rollback()
        await connection.run_sync(asked)


async def test_a_server_that_goes_away_meanwhile_is_told_as_such(engine: AsyncEngine) -> None:
    dying = text("SELECT pg_terminate_backend(pg_backend_pid()) AS found").columns(rows.c.id.label("found"))
    async with engine.connect() as connection:
        with pytest.raises(OperationalError):
            await connection.run_sync(pipelined_queries.read, (dying, {}), (OF_TWO, {}))
    async with engine.connect() as connection:
        await connection.run_sync(asked)
