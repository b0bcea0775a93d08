"""From a hint to the inbox: deduplicated, re-read from the server, stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError, NotFound, Refused, Unreachable
from integration.fhir.lenient import element, elements, text, version_of
from integration.fhir.notification import Hint, hint_of
from integration.fhir.patient_links import has_links, reread_patient
from integration.fhir.reread import reread
from integration.fhir.systems import Json, Systems
from services.settings import Settings
from services.store import notices
from services.store.outage import is_outage
from services.telemetry.logs import log
from services.telemetry.metrics import FRAMES
from services.telemetry.outage_log import Absence
from services.workflow.receive_resource import (
    has_come,
    is_known,
    note_unreadable,
    receive_deletion,
    receive_resource,
)

LOG = log("subscriber")
MOST_WAITING = 10_000
AT_ONCE = 4
_TAKEN = ("DiagnosticReport", "Patient")
RETRY_SECONDS = 2.0
UNREAD = "a report on the FHIR server was not taken in (the log names it)"


class Intake:
    """Hints wait here; each resource is read once however many hints name it.

    A hint is only a hint: what is lost with this process is found again by polling from the watermark.
    """

    def __init__(self, engine: AsyncEngine, client: AsyncClient, settings: Settings, systems: Systems) -> None:
        self._engine = engine
        self._client = client
        self._settings = settings
        self._systems = systems
        self._waiting: asyncio.Queue[Hint] = asyncio.Queue(MOST_WAITING)
        self._queued: set[Hint] = set()
        self._absence = Absence(LOG)

    def hear(self, hint: Hint) -> bool:
        """Notes a hint and returns at once; False where too many wait (polling will find it)."""
        if hint.type not in _TAKEN or hint in self._queued:
            return True
        try:
            self._waiting.put_nowait(hint)
        except asyncio.QueueFull:
            return False
        self._queued.add(hint)
        return True

    async def run(self) -> None:
        """Takes hints in, a few at once, until cancelled: however many arrive, the server is asked no faster."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            hint = await self._waiting.get()
            self._queued.discard(hint)
            try:
                await self.take_in(hint)
                self._absence.note("")
            except (Unreachable, SQLAlchemyError, OSError) as error:
                self._absence.note(away(error))
                await asyncio.sleep(pause_of(error))
                self.hear(hint)

    async def take_in(self, hint: Hint) -> str:
        """Re-reads one resource and stores it; what became of it. Raises Unreachable, and SQLAlchemyError or OSError
        where the database is away.

        A resource that may not be read, or that we cannot keep, stops no other: a person is told.
        """
        try:
            return _count(await self._take_in(hint))
        except Refused as refused:
            LOG.warning("refused", reason=str(refused), code=hint.reference)
            await self._tell(f"{UNREAD}: {refused}")
            return _count("refused")
        except (Unreachable, OSError):
            raise
        except Exception as error:
            if is_outage(error):
                raise
            LOG.error("not taken in", error=type(error).__name__, code=hint.reference)
            await self._tell(f"{UNREAD}: {type(error).__name__} while it was stored")
            return _count("failed")

    async def _take_in(self, hint: Hint) -> str:
        name, site = self._settings.fhir.name, self._settings.site
        async with self._engine.begin() as connection:
            if await connection.run_sync(is_known, name, hint.reference, hint.version):
                return "repeated"
        if hint.type == "Patient":
            return await self._take_in_patient(hint, name, site)
        try:
            bundle = await self._client.run(reread(hint.reference, self._client.endpoint.base_url))
        except NotFound as missing:
            return await self._gone(hint.reference, missing.status)
        async with self._engine.begin() as connection:
            outcome = await connection.run_sync(receive_resource, bundle, name, site, self._systems)
            merged = await connection.run_sync(_merged, bundle, name)
        for each in merged:
            self.hear(each)
        return outcome

    async def _take_in_patient(self, hint: Hint, name: str, site: str) -> str:
        """A Patient is kept where it is one with another, or was when it came last."""
        try:
            bundle = await self._client.run(reread_patient(hint.reference, self._client.endpoint.base_url))
        except NotFound:
            return "gone"
        async with self._engine.begin() as connection:
            known = await connection.run_sync(has_come, name, hint.reference)
            if not known and not has_links(bundle["entry"][0]["resource"]):
                return "ignored"
            return await connection.run_sync(receive_resource, bundle, name, site, self._systems)

    async def _tell(self, reason: str) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(notices.add_once, "unread", self._settings.site, None, reason)

    async def _gone(self, reference: str, status: int) -> str:
        """410 says that it was deleted; 404 may only mean that it is hidden from us."""
        take = receive_deletion if status == 410 else note_unreadable
        async with self._engine.begin() as connection:
            return await connection.run_sync(take, reference, self._settings.fhir.name, self._settings.site)


def away(error: Exception) -> str:
    """Who does not answer, for the log; a value that PostgreSQL does not take is a fault of another kind."""
    if isinstance(error, SQLAlchemyError) and not is_outage(error):
        return f"PostgreSQL does not take what was to be stored ({type(error).__name__})"
    server = "the FHIR server" if isinstance(error, FhirError) else "PostgreSQL"
    return f"{server} does not answer, or cannot be used ({type(error).__name__})"


def pause_of(error: Exception) -> float:
    """Seconds until the next try: what the server asked for, within a minute."""
    asked = getattr(error, "retry_after", None)
    return min(float(asked), 60.0) if asked else RETRY_SECONDS


def _count(outcome: str) -> str:
    FRAMES.labels("fhir", outcome).inc()
    return outcome


def _merged(connection: Connection, bundle: Json, endpoint: str) -> list[Hint]:
    """The Patients of a report that are one with others, or were: each is looked at as a message of its own."""
    held = [element(each, "resource") for each in elements(bundle, "entry")]
    found = [(each, hint_of(f"Patient/{text(each, 'id')}")) for each in held if text(each, "resourceType") == "Patient"]
    return [
        replace(hint, version=version_of(each))
        for each, hint in found
        if hint and (has_links(each) or has_come(connection, endpoint, hint.reference))
    ]
