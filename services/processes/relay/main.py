"""The relay wakes workers up for jobs that are due; the sweeper beside it takes back what lost workers held."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from services.dispatch.queue import lying, make_app, publish
from services.domain.messages import WakeUp
from services.process import Process
from services.settings import Broker, Queue, Settings
from services.store import circuits, deliveries, jobs, reviews, wake_ups
from services.store.engine import connect
from services.store.outage import is_outage
from services.telemetry import metrics
from services.telemetry.logs import log
from services.telemetry.outage_log import Absence
from services.workflow.dead_letters import bury

LOG = log("relay")
LOST_SECONDS = 3.0
"""A wake-up that the broker does not hold and no claim has followed for so long is lost; a claim takes milliseconds."""
LOOK_SECONDS = 1.0


def run(settings: Settings) -> None:
    """Runs until SIGTERM."""
    process = Process("relay", settings)
    process.stop_on_signals()
    engine = connect(settings.database)
    if process.wait_for_database(engine):
        process.probes.started()
        relay = Relay(engine, settings.broker, settings.queue)
        process.exit_when_stuck(relay.stuck)
        relay.loop(process)
    engine.dispose()


class Relay:
    """Publishing and sweeping, each on its own beat."""

    def __init__(self, engine: Engine, broker: Broker, queue: Queue) -> None:
        self._engine = engine
        self._broker = broker
        self._app = make_app(broker)
        self._queue = queue
        self._swept = 0.0
        self._looked = 0.0
        self._missed = False
        self._absence = Absence(LOG)
        self._beat_at = time.monotonic()
        self._pause = queue.relay

    def stuck(self) -> str:
        """Why no progress is made, "" if it is; what waits for a database or broker that is away still beats."""
        silence = time.monotonic() - self._beat_at
        return "the relay has stopped beating" if silence > self._queue.progress_timeout else ""

    def loop(self, process: Process) -> None:
        """Until told to stop; a database or broker that goes away is waited for, and said once."""
        while not process.stop.is_set():
            published = self._beat()
            self._beat_at = time.monotonic()
            # Soon again where there was something: what is published is worked off in less than a whole pause.
            self._pause = self._queue.relay / 10 if published else min(2 * self._pause, self._queue.relay)
            process.stop.wait(self._pause)

    def _beat(self) -> int:
        try:
            if time.monotonic() - self._swept >= self._queue.sweep:
                self._swept = time.monotonic()
                with self._engine.begin() as connection:
                    self._sweep(connection)
            silence = self._silence()
            with self._engine.begin() as connection:
                rows = self._take(connection, silence)
            self._publish(rows)
            self._missed = False
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            return self._gone("PostgreSQL does not answer, or cannot be written to")
        except BrokerError:
            self._missed = True
            return self._gone("the broker does not answer")
        self._gone("")
        return len(rows)

    def _gone(self, what: str) -> int:
        self._absence.note(what)
        return 0

    def _silence(self) -> float:
        """Seconds after which a wake-up counts as lost: a lease, or few where the broker was emptied or started anew.

        One published again while its job is being claimed does no harm: a job is claimed once. Raises BrokerError.
        """
        lease = self._queue.lease
        if not self._is_in_doubt():
            return lease
        held = lying(self._broker)
        with self._engine.connect() as connection:
            silence = wake_ups.silence(connection, held)
        return lease if silence is None else min(lease, max(LOST_SECONDS, silence))

    def _is_in_doubt(self) -> bool:
        """Whether to ask the broker first: it was away at the last beat, and nothing is marked as published in vain
        while it is, or nobody claimed for a while what was published."""
        if self._missed or time.monotonic() - self._looked < LOOK_SECONDS:
            return self._missed
        self._looked = time.monotonic()
        with self._engine.connect() as connection:
            return wake_ups.is_silent(connection, LOST_SECONDS)

    def _take(self, connection: Connection, silence: float) -> list[WakeUp]:
        """What is to be published; marked as such before it is, so that no worker woken up waits for our commit."""
        stat, others = wake_ups.capacity(connection, self._queue, silence)
        rows = list(wake_ups.take_ready(connection, self._queue, stat, others, silence)) if stat or others else []
        for engine in circuits.probe(connection, self._queue):
            rows += wake_ups.take_probe(connection, engine)
        return rows

    def _publish(self, rows: Sequence[WakeUp]) -> None:
        """What fails to be published is taken again by the next beat; were we to die first, after a lease."""
        left = list(rows)
        try:
            while left:
                publish(self._app, left[0].id, left[0].priority)
                del left[0]
        finally:
            if left:
                with self._engine.begin() as connection:
                    wake_ups.unpublish(connection, [row.id for row in left])

    def _sweep(self, connection: Connection) -> None:
        if not jobs.may_sweep(connection):
            return
        for row in jobs.sweep(connection, self._queue):
            metrics.LEASES_LOST.inc()
            LOG.warning("lease lost", job=row.id, kind=row.kind, state=row.state)
            if row.state == "dead":
                bury(connection, row, row.reason)
        jobs.forget_workers(connection, self._queue)
        measure(connection, self._queue)


def measure(connection: Connection, queue: Queue) -> None:
    """What waits, for the metrics: the sweeper of the moment says it for all."""
    metrics.SLOTS.set(jobs.slots_alive(connection, queue))
    for circuit in circuits.all_of_them(connection):
        metrics.CIRCUIT_OPEN.labels(circuit.engine).set(circuit.state != "closed")
    metrics.JOBS.clear()
    metrics.OLDEST_JOB.clear()
    for row in jobs.counts(connection):
        metrics.JOBS.labels(row.state, row.priority).set(row.count)
        if row.state == "ready":
            metrics.OLDEST_JOB.labels(row.priority).set(row.oldest)
    metrics.DELIVERIES.clear()
    metrics.OLDEST_DELIVERY.set(0)
    for each in deliveries.counts(connection):
        metrics.DELIVERIES.labels(each.state).set(each.count)
        if each.state == "pending":
            metrics.OLDEST_DELIVERY.set(each.oldest)
    _measure_reviews(connection)


def _measure_reviews(connection: Connection) -> None:
    metrics.REVIEWS.clear()
    metrics.OLDEST_REVIEW.clear()
    counts, ages = Counter[str](), dict[int, float]()
    for row in reviews.waiting(connection):
        counts[row.state] += row.count
        ages[row.priority] = max(ages.get(row.priority, 0.0), row.oldest)
    for state, count in counts.items():
        metrics.REVIEWS.labels(state).set(count)
    for priority, age in ages.items():
        metrics.OLDEST_REVIEW.labels(priority).set(age)
