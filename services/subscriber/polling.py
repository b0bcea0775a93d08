"""Polling from a durable watermark: the safety net under notifications, and the way where there are none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from integration.fhir.capability import Capabilities
from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError, Unreachable
from integration.fhir.exchange import Exchange, Page, next_page
from integration.fhir.polling import Way, changed_since, hints, history_since, newest, shows_deletions, way
from services.settings import Settings
from services.store import subscriptions
from services.subscriber.intake import Intake, away
from services.telemetry.absence import Absence
from services.telemetry.logs import log

LOG = log("subscriber")
FIRST_LOOK_BACK = timedelta(days=1)
# A report can be dated long before it is released, so windows on its own dates reach further back.
DATED_LOOK_BACK = timedelta(days=3)
SPACING_SECONDS = 2.0


class Poller:
    """Looks for changed reports at each interval, or soon when woken; never more often than each 2 s.

    `number` gives the last event number of a topic subscription, stored along with the watermark.
    """

    def __init__(self, engine: AsyncEngine, client: AsyncClient, intake: Intake, settings: Settings) -> None:
        self._engine = engine
        self._client = client
        self._intake = intake
        self._settings = settings
        self._woken = asyncio.Event()
        self.number: Callable[[], int | None] = lambda: None

    def wake(self) -> None:
        """Polls soon: something changed, and we do not know what."""
        self._woken.set()

    async def run(self, capabilities: Capabilities) -> None:
        """Polls until cancelled."""
        LOG.info("polling", kind=str(way(capabilities)))
        absence = Absence(LOG)
        while True:
            self._woken.clear()
            try:
                await self.poll(capabilities)
                absence.note("")
            except (FhirError, SQLAlchemyError, OSError) as error:
                absence.note(away(error))
            await asyncio.sleep(SPACING_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._settings.fhir.poll_interval)

    async def poll(self, capabilities: Capabilities) -> None:
        """Takes in all that changed since the watermark, less the overlap.

        The watermark is of the server's clock, the newest change seen, and moves only once all of it is
        stored. One report that cannot be read just now holds it back, not the others.
        """
        chosen = way(capabilities)
        known = await self._watermark()
        since = known - self._look_back(chosen)
        latest, complete = known, True
        async for page in self._pages(changed_since(capabilities, since)):
            complete = await self._take_in(page) and complete
            latest = max(latest, newest(page, chosen) or latest)
        if shows_deletions(capabilities):
            complete = await self._take_in_deletions(since) and complete
        async with self._engine.begin() as connection:
            await connection.run_sync(self._put, latest if complete else known)

    async def _take_in_deletions(self, since: datetime) -> bool:
        """What a search by date cannot show."""
        complete = True
        async for page in self._pages(history_since(since)):
            complete = await self._take_in(replace(page, resources=())) and complete
        return complete

    async def _pages(self, first: Exchange[Page]) -> AsyncIterator[Page]:
        page = await self._client.run(first)
        yield page
        while page.next:
            page = await self._client.run(next_page(page))
            yield page

    async def _take_in(self, page: Page) -> bool:
        """Whether everything on the page is stored; what is not is tried again by the intake."""
        complete = True
        for hint in hints(page):
            try:
                await self._intake.take_in(hint)
            except Unreachable:
                self._intake.hear(hint)
                complete = False
        return complete

    def _look_back(self, chosen: Way) -> timedelta:
        dated = chosen in (Way.ISSUED, Way.DATE)
        return DATED_LOOK_BACK if dated else timedelta(seconds=self._settings.fhir.poll_overlap)

    async def _watermark(self) -> datetime:
        async with self._engine.connect() as connection:
            row = await connection.run_sync(subscriptions.get, self._settings.fhir.name)
        known: datetime | None = row["watermark"] if row else None
        return known or datetime.now(UTC) - FIRST_LOOK_BACK

    def _put(self, connection: Connection, watermark: datetime) -> None:
        fhir, site, number = self._settings.fhir, self._settings.site, self.number()
        numbered = {} if number is None else {"events": number}
        subscriptions.put(connection, fhir.name, site, watermark=watermark, **numbered)
