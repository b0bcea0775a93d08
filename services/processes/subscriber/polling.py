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
from integration.fhir.errors import FhirError, Refused, Unreachable
from integration.fhir.exchange import Exchange, Page, next_page
from integration.fhir.notification import Hint
from integration.fhir.polling import (
    DATED,
    Way,
    changed_since,
    hints,
    history_since,
    newest,
    shows_deletions,
    way,
    ways,
)
from services.processes.subscriber.intake import Intake, away
from services.settings import Settings
from services.store import subscriptions
from services.telemetry.logs import log
from services.telemetry.outage_log import Absence

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
        """Takes in all that changed, in the best way the server names and does not refuse. Raises FhirError."""
        *better, last = ways(capabilities)
        for chosen in better:
            try:
                return await self._poll(chosen, capabilities)
            except Refused as refused:
                LOG.warning("refused", kind=str(chosen), status=refused.status)
        await self._poll(last, capabilities)

    async def _poll(self, chosen: Way, capabilities: Capabilities) -> None:
        """All that changed since the watermark, less the overlap.

        The watermark is of the server's clock, the newest change seen, and moves only once all of it is
        stored. One report that cannot be read just now holds it back, not the others.
        """
        known = await self._watermark()
        since = known - self._look_back(chosen)
        latest, complete = known, True
        async for page in self._pages(changed_since(chosen, since)):
            complete = await self._take_in(page) and complete
            latest = max(latest, newest(page, chosen) or latest)
        if shows_deletions(capabilities, chosen):
            complete = await self._take_in_deletions(since) and complete
        reached = latest if complete else known
        async with self._engine.begin() as connection:
            await connection.run_sync(self._put, reached)

    async def _take_in_deletions(self, since: datetime) -> bool:
        """What a search by date cannot show."""
        complete = True
        async for page in self._pages(history_since(since)):
            complete = await self._take_in(replace(page, resources=())) and complete
        return complete

    async def _pages(self, first: Exchange[Page]) -> AsyncIterator[Page]:
        page = await self._client.run(first)
        yield page
        seen = set()
        while page.next and page.next not in seen:
            # A page that leads back to itself has no end.
            seen.add(page.next)
            page = await self._client.run(next_page(page))
            yield page

    async def _take_in(self, page: Page) -> bool:
        """Whether everything on the page is stored; what is not is tried again by the intake.

        A page of which nothing may be read says that we lack the right to read, not that these are hidden: it is
        looked at again until that is mended.
        """
        outcomes = [await self._outcome(hint) for hint in hints(page)]
        return "unreachable" not in outcomes and set(outcomes) != {"refused"}

    async def _outcome(self, hint: Hint) -> str:
        try:
            return await self._intake.take_in(hint)
        except Unreachable:
            self._intake.hear(hint)
            return "unreachable"

    def _look_back(self, chosen: Way) -> timedelta:
        return DATED_LOOK_BACK if chosen in DATED else timedelta(seconds=self._settings.fhir.poll_overlap)

    async def _watermark(self) -> datetime:
        async with self._engine.connect() as connection:
            known = await connection.run_sync(subscriptions.watermark, self._settings.fhir.name)
        now = datetime.now(UTC)
        return min(known, now) if known else now - FIRST_LOOK_BACK

    def _put(self, connection: Connection, watermark: datetime) -> None:
        fhir, site, number = self._settings.fhir, self._settings.site, self.number()
        numbered = {} if number is None else {"events": number}
        subscriptions.put(connection, fhir.name, site, watermark=watermark, **numbered)
