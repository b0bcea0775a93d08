"""The sender: empties the outbox into the FHIR server, an interface engine and receivers of webhooks."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.process import Process
from services.processes.sender.carriers import Carrier, FhirCarrier, WebhookCarrier
from services.processes.sender.outbox import AWAY, Outbox
from services.settings import Settings
from services.store import deliveries
from services.store.engine import connect
from services.store.outage import is_outage
from services.telemetry.logs import log
from services.telemetry.outage_log import Absence
from services.workflow.context import fhir_client, systems
from services.workflow.delivery import FhirTarget
from services.workflow.hl7_delivery import EngineLink, send_findings
from services.workflow.webhooks import hooks

LOG = log("sender")
# Deliveries under way get this long to end when the sender is told to stop; then they go to another.
SOFT_SHUTDOWN = 30.0


def run(settings: Settings) -> None:
    """Runs until SIGTERM; deliveries under way get SOFT_SHUTDOWN seconds, the rest are given back.

    Raises SettingsError for a bad destination. Ends with exit code 70 where a loop has stopped.
    """
    process = Process("sender", settings)
    process.stop_on_signals()
    engine = connect(settings.database)
    link, carriers = EngineLink.of(settings.writeback), _carriers(settings)
    if process.wait_for_database(engine):
        outboxes = [Outbox(engine, carrier, settings.queue) for carrier in carriers]
        _run(process, engine, link, outboxes, settings)
    engine.dispose()


def _carriers(settings: Settings) -> list[Carrier]:
    """One for each destination but the interface engine. Raises SettingsError."""
    events: list[Carrier] = [WebhookCarrier(hook) for hook in hooks(settings)]
    if settings.fhir.url is None:
        LOG.warning("no FHIR server is configured: findings stay here")
        return events
    return [FhirCarrier(FhirTarget(fhir_client(settings.fhir), systems(settings), settings)), *events]


def _run(
    process: Process, engine: Engine, link: EngineLink | None, outboxes: Sequence[Outbox], settings: Settings
) -> None:
    outbound = threading.Thread(target=_to_interface_engine, args=(process, engine, link, settings), daemon=True)
    others = [threading.Thread(target=each.loop, args=(process.stop,), daemon=True) for each in outboxes[1:]]
    for thread in (outbound, *others):
        thread.start()
    process.probes.started()
    if outboxes:
        process.exit_when_stuck(lambda: next(filter(None, (each.stuck() for each in outboxes)), ""))
        outboxes[0].loop(process.stop)
    process.stop.wait()
    deadline = time.monotonic() + SOFT_SHUTDOWN
    for thread in others:
        # Its loop ends within moments; what it has under way is waited for below.
        thread.join(deadline - time.monotonic())
    ended = [each.end(max(0, deadline - time.monotonic())) for each in outboxes]
    outbound.join(max(0, deadline - time.monotonic()) if all(ended) else 0)
    if outbound.is_alive() or not all(ended):
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
        LOG.info("delivery", delivery=row.id, kind=row.kind, state=outcome)
    return outcome == "sent"
