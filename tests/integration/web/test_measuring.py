"""Metrics of the house: what a database refuses or takes too long for is asked for again."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import chain, repeat

from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from services.settings import Database
from services.store.engine import connect_async
from services.web.measuring import Measure


async def test_what_took_too_long_is_said_and_looked_for_again(engine: object, database: Database) -> None:
    looks = chain(("pg_sleep(60)", "1 / 0"), repeat("7"))
    shown = asyncio.Queue[int]()

    def look(connection: Connection) -> int:
        return int(connection.scalar(text(f"SELECT {next(looks)}")) or 0)

    measure = Measure("feeds", look, shown.put_nowait, first=0, every=0, longest=1)
    server = connect_async(database)
    with capture_logs() as logs:
        watching = asyncio.create_task(measure.watch(server))
        assert await asyncio.wait_for(shown.get(), 60) == 7
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    await server.dispose()
    assert [(one["event"], one["what"]) for one in logs] == [("not measured", "feeds")] * 2
