"""Server-sent events: counts, and word that the list changed. One look at the database serves all who listen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.store import list_beside, review_list
from services.web.auth.session import Reader

LOOK_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 20.0

router = APIRouter()


class Broadcast:
    """Looks while somebody listens; tells each listener what its site's list has come to."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.listeners: dict[asyncio.Queue[str], str] = {}
        self.known: dict[str, tuple[dict[str, int], int]] = {}
        self.looked: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled. A database that is away is asked again at the next look."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for site in set(self.listeners.values()):
                with contextlib.suppress(SQLAlchemyError):
                    await self._look(site)

    async def _look(self, site: str) -> None:
        before = self.known.get(site)
        async with self.engine.connect() as connection:
            now = await connection.run_sync(standing, site, before)
        self.known[site] = now
        self.looked[site] = time.monotonic()
        if now == before:
            return
        told = f"{_counted(now[0])}event: changed\ndata: {now[1]}\n\n"
        for listener in [each for each, whose in self.listeners.items() if whose == site]:
            listener.put_nowait(told)

    def counts(self, site: str) -> dict[str, int] | None:
        """The counts its listeners were told last, None where nobody looked just now."""
        fresh = time.monotonic() - self.looked.get(site, -math.inf) < 2 * LOOK_SECONDS
        return self.known[site][0] if fresh else None

    async def listen(self, site: str) -> AsyncIterator[str]:
        """The events of a site from now on."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners[queue] = site
        try:
            yield "retry: 2000\n\n"
            # A page made before the last look that listens only after it would not hear of what that look found.
            if known := self.counts(site):
                yield _counted(known)
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            del self.listeners[queue]


def _counted(counts: dict[str, int]) -> str:
    return f"event: counts\ndata: {json.dumps(counts)}\n\n"


Standing = tuple[dict[str, int], int]


def standing(connection: Connection, site: str, before: Standing | None = None) -> Standing:
    """Counts of a site, and a number that grows with every change; what cannot have changed is not counted again."""
    newest = review_list.last_change(connection)
    if before and before[1] == newest:
        return before
    return list_beside.counts(connection, site), newest


@router.get("/events")
async def events(request: Request, visit: Reader) -> StreamingResponse:
    """The stream. It ends when the server stops; the browser comes back by itself."""
    broadcast: Broadcast = request.app.state.broadcast
    return StreamingResponse(broadcast.listen(visit.person.site), media_type="text/event-stream")
