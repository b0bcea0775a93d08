"""Readings made before their reports are put in place, so that what needs no wait is read in the job that took it in.

Only the rules read ahead: they need neither a server nor time. A model's reading is a job of its own, and so is that of
a message whose worker was lost or that failed: then each step counts for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping

from integration.canonical import Report
from services.engines import RULES
from services.pipeline import analysis
from services.pipeline.analysis import Readers
from services.pipeline.placement import Placed, reading_job, to_deliver
from services.pipeline.versions import is_readable
from services.reading.reader import Reading
from services.settings import Settings
from services.store import first, jobs, reports
from services.telemetry import traces


@dataclass(frozen=True, slots=True)
class Ahead:
    """What an intake job's reports were read to say; `kept` are the readings that found their version."""

    job: RowMapping
    settings: Settings
    readings: list[tuple[Report, Reading]] = field(default_factory=list)
    kept: list[Reading] = field(default_factory=list)

    def keep(self, connection: Connection, placed: Placed) -> bool:
        """Stores the reading of a version as a job done; False where the version is not what was read."""
        reading = next((reading for read, reading in self.readings if read == placed.record), None)
        if reading is None:
            return False
        (self._begin if placed.first else self._go_on)(connection, placed, reading)
        self.kept.append(reading)
        return True

    def _job(self, placed: Placed) -> dict[str, Any]:
        return {**reading_job(placed, self.settings.reading.engine), "lease_owner": self.job["lease_owner"]}

    def _begin(self, connection: Connection, placed: Placed, reading: Reading) -> None:
        report, version, _, _ = placed
        suggested = analysis.suggested(connection, report, version, reading, reading, self.settings)
        out = to_deliver(report, version["id"], "proposed", self.settings)
        row = analysis.as_row(version, reading)
        first.read(connection, report["id"], self._job(placed), row, suggested, out)

    def _go_on(self, connection: Connection, placed: Placed, reading: Reading) -> None:
        job_id = jobs.add_done(connection, **self._job(placed))
        number = analysis.keep(connection, placed.version, reading, job_id=job_id, shadow=False, failed=0)
        # Its priority may be another with the record that was just placed.
        report = reports.by_id(connection, placed.report["id"])
        analysis.suggest(connection, report, placed.version, number, reading, reading, self.settings)


def read(job: RowMapping, found: Iterable[Report], readers: Readers) -> Ahead:
    """Reads the reports of an intake job that the rules are to read."""
    ahead = Ahead(job, readers.settings)
    if _is_rules(readers) and not job["lost"] and not job["failed"]:
        preliminary = readers.settings.reading.preliminary
        for record in found:
            if record.key_parts and not record.addendum_only and is_readable(record, preliminary):
                ahead.readings.append((record, _read(record, readers)))
    return ahead


def _is_rules(readers: Readers) -> bool:
    return readers.reader(readers.settings.reading.engine) is readers.rules


def _read(record: Report, readers: Readers) -> Reading:
    with traces.span("reading", engine=RULES):
        return readers.rules.read(analysis.question(record, readers.library))
