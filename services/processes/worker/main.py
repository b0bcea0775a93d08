"""The worker: a Celery threads pool that does jobs under leases, and slots that only STAT may use."""

from __future__ import annotations

import os
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from services.dispatch.children.child import Trade
from services.dispatch.children.pool import Pool
from services.dispatch.children.proxies import ChildOpener, ChildRules
from services.dispatch.lease_keeper import Lessee
from services.dispatch.queue import make_app, wait_for_broker
from services.dispatch.reserve import Reserve, kept_for_stat
from services.dispatch.watchdog import Watchdog
from services.process import Process
from services.reading.rules.reader import RulesReader
from services.settings import Settings
from services.store.engine import connect
from services.telemetry.logs import log
from services.workflow import intake
from services.workflow.analysis import Readers
from services.workflow.context import Site, site
from services.workflow.readers import readers
from services.workflow.run import Runner

ARGUMENTS = ["worker", "--without-mingle", "--without-gossip", "--loglevel=WARNING"]
LOG = log("worker")
# Jobs under way get this long to end when the worker is told to stop; then they go to another.
SOFT_SHUTDOWN = 30.0


def run(settings: Settings) -> None:
    """Runs until SIGTERM; jobs under way get SOFT_SHUTDOWN seconds, the rest go back uncounted.

    Ends with exit code 70 where work waits and none reaches it, so that it is started again.
    """
    # Before the first thread: the children are forked from what is loaded here.
    known, read, children = _prepared(settings)
    process = Process("worker", settings)
    process.stop_on_signals()
    opener = ChildOpener(children) if children else intake.opened
    if children:
        children.start()
    pool = settings.queue.concurrency
    database = settings.database.model_copy(update={"pool_size": max(settings.database.pool_size, pool // 4 + 2)})
    engine = connect(database)
    if not process.wait_for_database(engine) or not wait_for_broker(process.stop, settings.broker):
        return
    lessee = Lessee(engine, settings.queue)
    runner = Runner(engine, lessee, known, read, opener)
    kept = kept_for_stat(settings.queue)
    app = make_app(settings.broker, runner.run, pool - kept)
    reserve = Reserve(app, runner.run, kept)
    _Life(process, lessee, reserve, Watchdog(lessee, engine, settings, _give_up(lessee))).follow()
    _start(app, pool - kept)


def _prepared(settings: Settings) -> tuple[Site, Readers, Pool | None]:
    known, rules = site(settings), ChildRules(RulesReader(settings.reading.grade_threshold))
    read = readers(settings, rules)
    if settings.limits.children == 0:
        return known, read, None
    rules.pool = Pool(Trade(known, read.library, rules.inner, settings.limits))
    return known, read, rules.pool


def _start(app: Celery, slots: int) -> None:
    app.worker_main([*ARGUMENTS, f"--concurrency={slots}"])


def _give_up(lessee: Lessee) -> Any:
    def end(reason: str) -> None:
        LOG.error("no progress", reason=reason)
        lessee.stop()
        os._exit(70)

    return end


class _Life:
    """Readiness, leases, STAT slots and the watchdog follow the life of the Celery worker."""

    def __init__(self, process: Process, lessee: Lessee, reserve: Reserve, watchdog: Watchdog) -> None:
        self._process = process
        self._lessee = lessee
        self._reserve = reserve
        self._watchdog = watchdog
        self._begun = False
        self._ended = threading.Event()

    def follow(self) -> None:
        """Celery keeps only weak references to receivers unless told otherwise."""
        self._process.probes.progress_when(lambda: self._watchdog.progress)
        worker_ready.connect(self._ready, weak=False)
        worker_shutting_down.connect(self._stopping, weak=False)
        worker_shutdown.connect(self._stopped, weak=False)

    def _ready(self, **_: Any) -> None:
        """Said again by Celery after each reconnection."""
        if self._begun:
            return
        self._begun = True
        self._lessee.start()
        self._reserve.start()
        self._watchdog.start()
        self._process.probes.started()

    def _stopping(self, **_: Any) -> None:
        self._process.probes.stopping()
        threading.Thread(target=self._end_in_time, name="deadline", daemon=True).start()

    def _end_in_time(self) -> None:
        """A thread cannot be stopped: what runs past the deadline is given back, and the process ends under it."""
        self._reserve.tell()
        if not self._ended.wait(SOFT_SHUTDOWN):
            LOG.warning("stopped with jobs under way", reason="they were given back")
            self._lessee.stop()
            os._exit(0)

    def _stopped(self, **_: Any) -> None:
        self._reserve.stop()
        self._lessee.stop()
        self._ended.set()
