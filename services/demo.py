"""The demo: the whole system up, sample reports sent through both doors, and what became of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from integration.fhir.client import AsyncClient
from integration.fhir.errors import FhirError
from integration.fhir.exchange import search, transaction
from integration.fhir.systems import Systems
from integration.hl7v2.client import MllpClient
from services import samples
from services.store import progress
from services.store.engine import connect_async
from services.store.progress import Progress
from services.supervisor import Say
from services.up import Running
from services.workflow.context import endpoint, systems

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the FHIR server holds for one report: Observations by status, and Tasks."""

    statuses: tuple[str, ...]
    tasks: int


async def send_samples(running: Running, say: Say) -> int:
    """Sends every sample through its door; how many reports that is. Raises on a refusal."""
    client = await MllpClient.connect("127.0.0.1", running.instance.ports["mllp"])
    for name, message in samples.hl7():
        answer = await client.ask(message)
        say(f"{name}: answered {answer.code} for {answer.control_id}")
    await client.close()
    async with AsyncClient(endpoint(running.settings.fhir)) as fhir:
        for name, bundle in samples.fhir():
            await fhir.run(transaction(samples.entries(bundle)))
            say(f"{name}: created on the FHIR server")
    return len(samples.hl7()) + len(samples.fhir())


class Watch:
    """Looks from both ends: what our database says of each report, and what the FHIR server really holds."""

    def __init__(self, running: Running, expected: int) -> None:
        self._running = running
        self._expected = expected
        self._systems: Systems = systems(running.settings)
        self.rows: Sequence[Progress] = ()
        self.seen: dict[str, Seen] = {}

    async def until_done(self, patience: float = PATIENCE_SECONDS) -> list[str]:
        """Waits until every report is through; what is missing when patience ends."""
        deadline = time.monotonic() + patience
        engine = connect_async(self._running.settings.database)
        try:
            async with AsyncClient(endpoint(self._running.settings.fhir)) as fhir:
                while missing := await self._look(engine, fhir):
                    if time.monotonic() > deadline:
                        return missing
                    await asyncio.sleep(0.5)
        finally:
            await engine.dispose()
        return []

    async def _look(self, engine: AsyncEngine, fhir: AsyncClient) -> list[str]:
        async with engine.connect() as connection:
            self.rows = await connection.run_sync(progress.reports)
        missing = [f"{self._expected - len(self.rows)} reports have not arrived"] * (len(self.rows) < self._expected)
        for row in self.rows:
            reason = self._not_yet(row) or await self._not_there(row, fhir)
            if reason:
                missing.append(f"{row.accession}: {reason}")
        return missing

    def _not_yet(self, row: Progress) -> str:
        if row.held:
            return str(row.held)
        if not row.engine:
            return "not read yet"
        return "not delivered yet" if row.unsent or not row.sent else ""

    async def _not_there(self, row: Progress, fhir: AsyncClient) -> str:
        if row.task in self.seen:
            return ""
        try:
            statuses = [await self._status(fhir, identifier) for identifier in row.identifiers]
            page = await fhir.run(search("Task", [("identifier", f"{self._systems.task}|{row.task}")]))
        except FhirError as error:
            return f"the FHIR server: {error}"
        if "" in statuses or len(page.resources) != 1:
            return "Observations or Task not on the FHIR server"
        self.seen[row.task or ""] = Seen(tuple(statuses), len(page.resources))
        return ""

    async def _status(self, fhir: AsyncClient, identifier: str) -> str:
        page = await fhir.run(search("Observation", [("identifier", f"{self._systems.observation}|{identifier}")]))
        return str(page.resources[0]["status"]) if len(page.resources) == 1 else ""

    def table(self) -> Table:
        """What arrived where."""
        table = Table(title="What became of each report")
        for heading in ("Accession", "Procedure", "Read by", "Suggestions", "On the FHIR server", "Review"):
            table.add_column(heading)
        for row in self.rows:
            seen = self.seen.get(row.task or "")
            there = ", ".join(sorted(set(seen.statuses))) or "Task only" if seen else "nothing"
            name = row.procedure + (" (STAT)" if row.priority == 0 else "")
            table.add_row(row.accession, name, row.engine, str(row.suggestions), there, row.review)
        return table
