"""Polling from a durable watermark: the safety net under notifications, and the way where there are none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from integration.fhir.capability import Capabilities
from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError
from integration.fhir.exchange import next_page
from integration.fhir.polling import changed_since, hints
from services.settings import Settings
from services.store import subscriptions
from services.subscriber.intake import Intake
from services.telemetry.logs import log

LOG = log("subscriber")
FIRST_LOOK_BACK = timedelta(days=1)


class Poller:
    """Looks for changed reports at each interval, or at once when woken."""

    def __init__(self, engine: AsyncEngine, client: AsyncClient, intake: Intake, settings: Settings) -> None:
        self._engine = engine
        self._client = client
        self._intake = intake
        self._settings = settings
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Polls now: something changed, and we do not know what."""
        self._woken.set()

    async def run(self, capabilities: Capabilities) -> None:
        """Polls until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self._poll(capabilities)
            except (FhirError, SQLAlchemyError, OSError) as error:
                LOG.warning("polling failed", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._woken.wait(), self._settings.fhir.poll_interval)
            except TimeoutError:
                continue

    async def _poll(self, capabilities: Capabilities) -> None:
        """Everything since the watermark, less the overlap; the watermark moves once all of it is stored."""
        began = datetime.now(UTC)
        since = await self._watermark(began)
        page = await self._client.run(changed_since(capabilities, since))
        while True:
            for hint in hints(page):
                await self._intake.take_in(hint)
            if not page.next:
                break
            page = await self._client.run(next_page(page))
        async with self._engine.begin() as connection:
            await connection.run_sync(self._put, began)

    async def _watermark(self, began: datetime) -> datetime:
        fhir = self._settings.fhir
        async with self._engine.connect() as connection:
            row = await connection.run_sync(subscriptions.get, fhir.name)
        known = row["watermark"] if row else None
        return (known or began - FIRST_LOOK_BACK) - timedelta(seconds=fhir.poll_overlap)

    def _put(self, connection: Connection, began: datetime) -> None:
        subscriptions.put(connection, self._settings.fhir.name, self._settings.site, watermark=began)
