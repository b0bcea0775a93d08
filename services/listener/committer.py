"""Group commit: whatever arrived while the last transaction was committing shares the next one, and its fsync."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.pipeline.receive import Arrival, Received, not_stored, receive
from services.settings import Mllp
from services.telemetry.logs import log
from services.telemetry.metrics import COMMIT_FRAMES, COMMIT_SECONDS, FRAMES

LOG = log("listener")
LARGEST_GROUP = 64


class Unknown(Exception):
    """The connection to PostgreSQL broke during COMMIT: whether the frame is stored is not known.

    No answer is the only honest one; the sender sends again and gets the stored answer if there is one.
    """


class Committer:
    """Stores frames in groups. `submit` returns the bytes to answer with, or raises Unknown."""

    def __init__(self, engine: AsyncEngine, mllp: Mllp) -> None:
        self._engine = engine
        self._mllp = mllp
        self._pending: asyncio.Queue[tuple[Arrival, asyncio.Future[bytes]]] = asyncio.Queue()

    async def submit(self, arrival: Arrival) -> bytes:
        """Waits for the transaction that holds the frame."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._pending.put_nowait((arrival, future))
        return await future

    async def run(self) -> None:
        """Commits group after group until cancelled."""
        while True:
            group = [await self._pending.get()]
            while len(group) < LARGEST_GROUP and not self._pending.empty():
                group.append(self._pending.get_nowait())
            await self._settle(group)

    async def _settle(self, group: Sequence[tuple[Arrival, asyncio.Future[bytes]]]) -> None:
        arrivals = [arrival for arrival, _ in group]
        try:
            answers = await self._commit(arrivals)
        except Unknown as unknown:
            LOG.error("commit outcome unknown", count=len(group))
            for _, future in group:
                if not future.done():
                    future.set_exception(unknown)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _commit(self, arrivals: list[Arrival]) -> list[bytes]:
        committing = False
        COMMIT_FRAMES.observe(len(arrivals))
        try:
            with COMMIT_SECONDS.time():
                async with self._engine.connect() as connection:
                    received: list[Received] = await connection.run_sync(receive, arrivals, self._mllp)
                    committing = True
                    await connection.commit()
        except (SQLAlchemyError, OSError) as error:
            if committing:
                raise Unknown from error
            return await self._refuse(arrivals, error)
        for one in received:
            FRAMES.labels("hl7", "repeated" if one.duplicate else one.state).inc()
        return [one.answer for one in received]

    async def _refuse(self, arrivals: list[Arrival], error: Exception) -> list[bytes]:
        """Nothing was stored. A group is tried again one by one, so that one bad frame cannot fail the others."""
        if len(arrivals) > 1:
            return [(await self._commit([arrival]))[0] for arrival in arrivals]
        LOG.error("not stored", error=type(error).__name__, bytes=arrivals[0].frame.size)
        FRAMES.labels("hl7", "not_stored").inc()
        return [not_stored(arrivals[0], self._mllp)]
