"""What the rules read of a message's reports, before the transaction that puts them in their place.

Every report has its rules' reading by the time its message is done, whichever engine is configured: they need neither a
server nor time. A message whose worker was lost or that failed leaves each reading a job of its own, so that each step
counts for itself; so does a report whose text was composed of several sources.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from integration.canonical import Report
from services.domain.messages import ClaimedJob
from services.engines import RULES
from services.reading.reader import Reading
from services.telemetry import traces
from services.workflow import analysis
from services.workflow.analysis import Readers
from services.workflow.versions import is_readable


@dataclass(frozen=True, slots=True)
class Beforehand:
    """Readings by the rules, each with the record it was made of, and the `owner` of the job they were made in."""

    owner: str = ""
    readings: tuple[tuple[Report, Reading], ...] = ()

    def of(self, record: Report) -> Reading | None:
        """The reading of exactly this record."""
        return next((reading for read, reading in self.readings if read == record), None)


NOTHING = Beforehand()


def read(job: ClaimedJob, found: Iterable[Report], readers: Readers) -> Beforehand:
    """Reads the reports of an intake job that can be read."""
    if job.lost or job.failed:
        return NOTHING
    preliminary = readers.settings.reading.preliminary
    wanted = (record for record in found if record.key_parts and not record.addendum_only)
    return Beforehand(
        job.lease_owner,
        tuple((record, _read(record, readers)) for record in wanted if is_readable(record, preliminary)),
    )


def _read(record: Report, readers: Readers) -> Reading:
    with traces.span("reading", engine=RULES):
        return readers.rules.read(analysis.question(record, readers.library))
