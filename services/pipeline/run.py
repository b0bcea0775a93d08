"""One job from claim to end: the work a woken worker does, and what each kind of failure means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import OperationalError

from services.pipeline import analysis, intake
from services.pipeline.analysis import Readers
from services.pipeline.context import Site
from services.reading.reader import ReadingError
from services.store import inbox, jobs, notices, reports
from services.store.jobs import StaleLease
from services.telemetry.logs import log
from services.telemetry.metrics import ATTEMPTS, DEAD_LETTERS, READING_SECONDS, TOKENS

LOG = log("run")


class Claims(Protocol):
    """Where leases come from."""

    def claim(self, job_id: int) -> RowMapping | None:
        """The job under a new lease, or None where there is nothing to do."""
        ...


@dataclass(frozen=True)
class Runner:
    """Runs jobs; safe to share between threads."""

    engine: Engine
    leases: Claims
    site: Site
    readers: Readers

    def run(self, job_id: int) -> None:
        """Claims and does a job. What goes wrong ends up in the job's row; nothing is raised."""
        job = None
        try:
            job = self.leases.claim(job_id)
            if job is None:
                return
            outcome = self._attempt(job)
        except StaleLease:
            outcome = "stale"
        except OperationalError:
            # PostgreSQL went away: the lease runs out and the sweeper gives the job back.
            outcome = "database"
        kind = job["kind"] if job else "unclaimed"
        ATTEMPTS.labels(kind, outcome).inc()
        LOG.info("job", job=job_id, kind=kind, state=outcome)

    def _attempt(self, job: RowMapping) -> str:
        try:
            self._do(job)
        except (StaleLease, OperationalError):
            raise
        except ReadingError as error:
            return self._reading_failed(job, error)
        except Exception as error:
            LOG.error("job failed", job=job["id"], kind=job["kind"], error=type(error).__name__)
            return self._failed(job, f"{type(error).__name__} in {job['kind']}")
        return "done"

    def _do(self, job: RowMapping) -> None:
        if job["kind"] == "intake":
            with self.engine.begin() as connection:
                intake.take_in(connection, job, self.site)
            return
        with self.engine.begin() as connection:
            asked = analysis.ask(connection, job, self.readers)
        if asked is None:
            return
        reading, rules = analysis.answer(asked, self.readers)
        READING_SECONDS.labels(reading.engine.name).observe(reading.usage.seconds)
        TOKENS.labels(reading.engine.name, "reasoning").inc(reading.usage.reasoning_tokens)
        TOKENS.labels(reading.engine.name, "answer").inc(reading.usage.answer_tokens)
        TOKENS.labels(reading.engine.name, "input").inc(reading.usage.input_tokens)
        with self.engine.begin() as connection:
            analysis.store(connection, asked, reading, rules, self.readers.settings)

    def _reading_failed(self, job: RowMapping, error: ReadingError) -> str:
        if not error.outage:
            return self._failed(job, str(error))
        with self.engine.begin() as connection:
            jobs.postpone(connection, job, str(error), self.readers.settings.queue.circuit_pause)
        return "outage"

    def _failed(self, job: RowMapping, reason: str) -> str:
        with self.engine.begin() as connection:
            state = jobs.fail(connection, job, reason, self.readers.settings.queue)
            if state == "dead":
                bury(connection, job, reason)
        return state


def bury(connection: Connection, job: RowMapping, reason: str) -> None:
    """A dead letter is visible: its message is quarantined, or its report's people are told."""
    DEAD_LETTERS.labels(job["kind"]).inc()
    if job["message_id"]:
        inbox.set_state(connection, job["message_id"], "quarantined", reason)
        return
    report_id = reports.version(connection, job["version_id"])["report_id"]
    notices.add(connection, "dead letter", job["site_id"], report_id, f"job {job['id']}: {reason}")
