"""The worker: a Celery threads pool that does jobs under leases."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from services.dispatch.lessee import Lessee
from services.dispatch.queue import make_app
from services.pipeline.context import site
from services.pipeline.readers import readers
from services.pipeline.run import Runner
from services.process import Process
from services.settings import Settings
from services.store.engine import connect

ARGUMENTS = ["worker", "--pool=threads", "--without-mingle", "--without-gossip", "--loglevel=WARNING"]


def run(settings: Settings) -> None:
    """Runs until SIGTERM; jobs under way get Celery's soft shutdown, the rest go back at once."""
    process = Process("worker", settings)
    prepared = site(settings), readers(settings)
    process.stop_on_signals()
    pool = settings.queue.concurrency
    database = settings.database.model_copy(update={"pool_size": max(settings.database.pool_size, pool // 4 + 2)})
    engine = connect(database)
    if not process.wait_for_database(engine):
        return
    lessee = Lessee(engine, settings.queue)
    runner = Runner(engine, lessee, *prepared)
    _follow(process, lessee)
    app = make_app(settings.broker, runner.run, pool)
    app.worker_main([*ARGUMENTS, f"--concurrency={pool}"])


def _follow(process: Process, lessee: Lessee) -> None:
    """Readiness and leases follow the life of the Celery worker."""

    def ready(**_: Any) -> None:
        lessee.start()
        process.probes.started()

    def stopping(**_: Any) -> None:
        process.probes.stopping()

    def stopped(**_: Any) -> None:
        lessee.stop()

    # Celery keeps only weak references to receivers unless told otherwise.
    worker_ready.connect(ready, weak=False)
    worker_shutting_down.connect(stopping, weak=False)
    worker_shutdown.connect(stopped, weak=False)
