"""One job from claim to end: the work a woken worker does, and what each kind of failure means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from services.domain.messages import ClaimedJob
from services.domain.words import JobState, ReadingState
from services.engines import RULES
from services.reading.reader import Failing, Reading, ReadingError
from services.store import circuits, inbox, jobs
from services.store.engine import one_by_one
from services.store.leases import StaleLease
from services.store.outage import is_outage
from services.telemetry import traces
from services.telemetry.logs import log
from services.telemetry.metrics import ATTEMPTS, MESSAGES, READING_SECONDS, TOKENS
from services.workflow import analysis, intake, read_at_intake
from services.workflow.analysis import Readers
from services.workflow.context import Site
from services.workflow.dead_letters import bury
from services.workflow.intake import Opened, Opener

LOG = log("run")


class Claims(Protocol):
    """Where leases come from."""

    def claim(self, job_id: int) -> ClaimedJob | None:
        """The job under a new lease, or None where there is nothing to do."""
        ...

    def drop(self, job_id: int) -> None:
        """The job's lease is to be given back as soon as the database answers."""
        ...

    def settled(self) -> None:
        """A claimed job is not worked on any more."""
        ...


@dataclass(frozen=True)
class Runner:
    """Runs jobs; safe to share between threads."""

    engine: Engine
    leases: Claims
    site: Site
    readers: Readers
    open: Opener = intake.opened

    def run(self, job_id: int) -> None:
        """Claims and does a job. What goes wrong ends up in the job's row; nothing is raised."""
        job = None
        try:
            job = self.leases.claim(job_id)
            if job is None:
                return
            with traces.span(f"job {job.kind}", link=self._trace(job), job=job.id):
                outcome = self._attempt(job)
        except StaleLease:
            outcome = "stale"
        except SQLAlchemyError:
            outcome = "database"
            self.leases.drop(job_id)
        finally:
            if job is not None:
                self.leases.settled()
        kind = job.kind if job else "unclaimed"
        ATTEMPTS.labels(kind, outcome).inc()
        LOG.info("job", job=job_id, kind=kind, state=outcome)

    def _trace(self, job: ClaimedJob) -> str:
        """The trace context of the message behind a job; asked for only where somebody listens."""
        if not traces.is_on():
            return ""
        with one_by_one(self.engine).connect() as connection:
            return inbox.trace_of(connection, job.message_id, job.version_id)

    def _attempt(self, job: ClaimedJob) -> str:
        try:
            self._do(job)
        except StaleLease:
            raise
        except ReadingError as error:
            return self._reading_failed(job, error)
        except Exception as error:
            if is_outage(error):
                raise
            LOG.error("job failed", job=job.id, kind=job.kind, error=type(error).__name__)
            return self._failed(job, f"{type(error).__name__} in {job.kind}")
        return "done"

    def _do(self, job: ClaimedJob) -> None:
        if job.kind == "intake":
            self._take_in(job)
            return
        with self.engine.begin() as connection:
            asked = analysis.ask(connection, job, self.readers)
        if asked is None:
            return
        with traces.span("reading", engine=job.engine):
            reading, rules = analysis.answer(asked, self.readers)
        _measure(reading)
        with self.engine.begin() as connection:
            analysis.store(connection, asked, reading, rules, self.readers.settings)
            self._heard_of(connection, job)

    def _take_in(self, job: ClaimedJob) -> None:
        given = self._opened(job)
        read = read_at_intake.read(job, given.understood.reports if given.understood else (), self.readers)
        with self.engine.begin() as connection:
            taken = intake.take_in(connection, job, given, self.site, read)
        MESSAGES.labels(taken.state).inc()
        for reading in taken.readings:
            _measure(reading)
            ATTEMPTS.labels("analysis", "done").inc()

    def _opened(self, job: ClaimedJob) -> Opened:
        given = self.open(job, self.site)
        if given.understood is None or given.understood.tie is None:
            return given
        with self.engine.begin() as connection:
            parts = intake.parts_of(connection, job, given)
        return intake.as_whole(self.open(job, self.site, parts.bodies), parts) if parts else given

    def _heard_of(self, connection: Connection, job: ClaimedJob) -> None:
        if job.engine not in ("", RULES) and circuits.answered(connection, job.engine):
            LOG.info("circuit closed", engine=job.engine)

    def _reading_failed(self, job: ClaimedJob, error: ReadingError) -> str:
        """An outage counts against the engine, anything else against the job: the server was there to answer."""
        if not error.outage:
            slow = error.failing is Failing.TIMEOUT
            state = ReadingState.TIMED_OUT if slow else ReadingState.FAILED
            return self._failed(job, str(error), answered=True, final=not error.retryable, state=state)
        queue = self.readers.settings.queue
        with self.engine.begin() as connection:
            jobs.postpone(connection, job, str(error), queue.circuit_pause)
            if circuits.failed(connection, job.engine, queue):
                LOG.error("circuit opened", engine=job.engine)
        return "outage"

    def _failed(
        self,
        job: ClaimedJob,
        reason: str,
        *,
        answered: bool = False,
        final: bool = False,
        state: ReadingState = ReadingState.FAILED,
    ) -> str:
        with self.engine.begin() as connection:
            if answered:
                self._heard_of(connection, job)
            ended = jobs.fail(connection, job, reason, self.readers.settings.queue, final=final)
            if ended is JobState.DEAD:
                bury(connection, job, reason, state)
        return ended


def _measure(reading: Reading) -> None:
    engine, usage = reading.engine.name, reading.usage
    READING_SECONDS.labels(engine).observe(usage.seconds)
    TOKENS.labels(engine, "reasoning").inc(usage.reasoning_tokens)
    TOKENS.labels(engine, "answer").inc(usage.answer_tokens)
    TOKENS.labels(engine, "input").inc(usage.input_tokens)
