"""The sender: empties the outbox into the FHIR server and, where one is set, an interface engine."""

from __future__ import annotations

import os
import threading

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.pipeline.context import fhir_client, systems
from services.pipeline.delivery import FhirTarget
from services.pipeline.hl7_delivery import EngineLink, send_findings
from services.process import Process
from services.sender.outbox import AWAY, Outbox
from services.settings import Settings
from services.store import deliveries
from services.store.engine import connect
from services.store.outage import is_outage
from services.telemetry.absence import Absence
from services.telemetry.logs import log

LOG = log("sender")
# Deliveries under way get this long to end when the sender is told to stop; then they go to another.
SOFT_SHUTDOWN = 30.0


def run(settings: Settings) -> None:
    """Runs until SIGTERM; deliveries under way get SOFT_SHUTDOWN seconds, the rest are given back.

    Raises SettingsError for a bad destination. Ends with exit code 70 where its loop has stopped.
    """
    process = Process("sender", settings)
    process.stop_on_signals()
    engine = connect(settings.database)
    link = EngineLink.of(settings.writeback)
    if process.wait_for_database(engine):
        _run(process, engine, link, settings)
    engine.dispose()


def _run(process: Process, engine: Engine, link: EngineLink | None, settings: Settings) -> None:
    outbound = threading.Thread(target=_to_interface_engine, args=(process, engine, link, settings), daemon=True)
    outbound.start()
    process.probes.started()
    if settings.fhir.url is None:
        LOG.warning("no FHIR server is configured: findings stay here")
        process.stop.wait()
        ended = True
    else:
        target = FhirTarget(fhir_client(settings.fhir), systems(settings), settings)
        outbox = Outbox(engine, target)
        process.exit_when_stuck(outbox.stuck)
        outbox.loop(process.stop)
        ended = outbox.end(SOFT_SHUTDOWN)
    outbound.join(SOFT_SHUTDOWN if ended else 0)
    if outbound.is_alive() or not ended:
        # A thread cannot be stopped: the process ends under it, and its delivery goes out again.
        LOG.warning("stopped with deliveries under way", reason="they are sent again")
        os._exit(0)


def _to_interface_engine(process: Process, engine: Engine, link: EngineLink | None, settings: Settings) -> None:
    """Signed findings as ORU^R01, one after the other; off unless a destination is set."""
    if link is None:
        return
    absence = Absence(LOG)
    with link:
        while not process.stop.is_set():
            if not _next_message(engine, link, settings, absence):
                process.stop.wait(settings.queue.relay)


def _next_message(engine: Engine, link: EngineLink, settings: Settings, absence: Absence) -> bool:
    try:
        with engine.begin() as connection:
            row = deliveries.claim_in_order(connection, settings.queue, settings.writeback.oru)
        outcome = send_findings(engine, row, link, settings) if row else ""
    except SQLAlchemyError as error:
        if not is_outage(error):
            raise
        absence.note(AWAY)
        return False
    absence.note("")
    if row:
        LOG.info("delivery", delivery=row["id"], kind=row["kind"], state=outcome)
    return outcome == "sent"
