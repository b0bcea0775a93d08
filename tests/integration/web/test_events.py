"""Live events: one look serves all, and who comes between two looks hears what the last one found."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from services.settings import Database
from services.store.engine import connect_async
from services.web.pages.events import Broadcast
from tests import seeding


@pytest.fixture
async def broadcast(database: Database) -> AsyncIterator[Broadcast]:
    made: AsyncEngine = connect_async(database)
    broadcast = Broadcast(made)
    looking = asyncio.create_task(broadcast.run())
    yield broadcast
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
    await made.dispose()


async def counted(events: AsyncIterator[str]) -> dict[str, int]:
    """The counts of the next event that has some."""
    async for event in events:
        if event.startswith("event: counts\n"):
            found: dict[str, int] = json.loads(event.splitlines()[1].removeprefix("data: "))
            return found
    raise AssertionError("the stream ended")


async def test_who_listens_is_told_every_change_and_the_last_one_at_once(broadcast: Broadcast, engine: Engine) -> None:
    assert broadcast.counts("default") is None
    first = broadcast.listen("default")
    before = await counted(first)
    assert broadcast.counts("default") == before
    second = broadcast.listen("default")
    assert [await anext(second), await counted(second)] == ["retry: 2000\n\n", before]
    with engine.begin() as connection:
        seeding.put(connection)
    for listener in (first, second):
        assert (await counted(listener))["routine"] == before["routine"] + 1
    assert broadcast.counts("elsewhere") is None
