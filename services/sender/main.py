"""The sender: empties the outbox into the FHIR server and, where one is set, an interface engine."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, RowMapping
from sqlalchemy.exc import OperationalError

from services.pipeline.context import fhir_client, systems
from services.pipeline.delivery import FhirTarget, send
from services.pipeline.hl7_delivery import EngineLink, send_findings
from services.process import Process
from services.settings import Settings
from services.store import deliveries
from services.store.engine import connect
from services.telemetry.logs import log

LOG = log("sender")
AT_ONCE = 4


def run(settings: Settings) -> None:
    """Runs until SIGTERM; deliveries under way are finished. Raises SettingsError for a bad destination."""
    process = Process("sender", settings)
    process.stop_on_signals()
    engine = connect(settings.database)
    link = EngineLink(settings.writeback.oru) if settings.writeback.oru else None
    if process.wait_for_database(engine):
        process.probes.started()
        outbound = threading.Thread(target=_to_interface_engine, args=(process, engine, link, settings), name="oru")
        outbound.start()
        _loop(process, engine, settings)
        outbound.join()
    engine.dispose()


def _to_interface_engine(process: Process, engine: Engine, link: EngineLink | None, settings: Settings) -> None:
    """Signed findings as ORU^R01, one after the other; off unless a destination is set."""
    if link is None:
        return
    with link:
        while not process.stop.is_set():
            if not _next_message(engine, link, settings):
                process.stop.wait(settings.queue.relay)


def _next_message(engine: Engine, link: EngineLink, settings: Settings) -> bool:
    try:
        with engine.begin() as connection:
            row = deliveries.claim_in_order(connection, settings.queue, settings.writeback.oru)
        if row is None:
            return False
        outcome = send_findings(engine, row, link, settings)
    except OperationalError:
        LOG.warning("waiting", reason="PostgreSQL does not answer")
        return False
    LOG.info("delivery", delivery=row["id"], kind=row["kind"], state=outcome)
    return outcome == "sent"


def _loop(process: Process, engine: Engine, settings: Settings) -> None:
    if settings.fhir.url is None:
        LOG.warning("no FHIR server is configured: findings stay here")
        process.stop.wait()
        return
    target = FhirTarget(fhir_client(settings.fhir), systems(settings), settings)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as pool:
        while not process.stop.is_set():
            if not _round(pool, engine, target):
                process.stop.wait(settings.queue.relay)


def _round(pool: ThreadPoolExecutor, engine: Engine, target: FhirTarget) -> int:
    def one(row: RowMapping) -> str:
        return send(engine, row, target)

    try:
        with engine.begin() as connection:
            rows = deliveries.claim(connection, target.settings.queue, AT_ONCE)
        for row, outcome in zip(rows, pool.map(one, rows), strict=True):
            LOG.info("delivery", delivery=row["id"], kind=row["kind"], state=outcome)
    except OperationalError:
        LOG.warning("waiting", reason="PostgreSQL does not answer")
        return 0
    return len(rows)
