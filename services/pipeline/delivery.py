"""The outbox emptied: each delivery brings a server to what our rows say, and is settled before the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Engine, RowMapping

from integration.fhir.capability import Capabilities, capabilities
from integration.fhir.client import Client
from integration.fhir.errors import FhirError, Refused, Unreachable
from integration.fhir.systems import Systems
from integration.fhir.write import write
from services.pipeline import resources
from services.settings import Settings
from services.store import deliveries, notices
from services.store.fhir_ledger import StoreLedger
from services.store.jobs import StaleLease
from services.telemetry.logs import log
from services.telemetry.metrics import DEAD_LETTERS, WRITE_SECONDS

LOG = log("delivery")


@dataclass
class FhirTarget:
    """The FHIR server deliveries go to; its CapabilityStatement is read once, when it is first reached."""

    client: Client
    systems: Systems
    settings: Settings
    _capabilities: Capabilities | None = field(default=None)

    def capabilities(self) -> Capabilities:
        """What the server can do. Raises FhirError."""
        if self._capabilities is None:
            self._capabilities = self.client.run(capabilities())
        return self._capabilities


def send(engine: Engine, row: RowMapping, target: FhirTarget) -> str:
    """Carries one leased delivery out and settles it: `sent`, `postponed`, `dead` or `stale`."""
    try:
        with WRITE_SECONDS.labels(row["kind"]).time():
            _write(engine, row, target)
    except Unreachable as error:
        return _postpone(engine, row, str(error), target.settings)
    except (Refused, FhirError, ValueError) as error:
        return _give_up(engine, row, f"{type(error).__name__}: {error}" if isinstance(error, FhirError) else "invalid")
    return _settle(engine, row, "sent")


def _write(engine: Engine, row: RowMapping, target: FhirTarget) -> None:
    with engine.connect() as connection:
        rows = resources.collect(connection, row["kind"], row["version_id"])
    ledger = StoreLedger(engine, row["destination"], row["site_id"], row["report_id"])
    wanted = resources.wanted(rows, target.systems, target.settings.writeback)
    outcome = target.client.run(write(target.capabilities(), wanted, ledger))
    for key, reason in outcome.kept.items():
        LOG.info("kept here", delivery=row["id"], kind=key.partition("?")[0], reason=reason)


def _settle(engine: Engine, row: RowMapping, state: str, reason: str = "") -> str:
    try:
        with engine.begin() as connection:
            deliveries.close(connection, row, state, reason)
    except StaleLease:
        return "stale"
    return state


def _postpone(engine: Engine, row: RowMapping, reason: str, settings: Settings) -> str:
    try:
        with engine.begin() as connection:
            deliveries.postpone(connection, row, reason, settings.queue)
    except StaleLease:
        return "stale"
    return "postponed"


def _give_up(engine: Engine, row: RowMapping, reason: str) -> str:
    """The server will never take it: a person is told, and the report's later deliveries go on."""
    DEAD_LETTERS.labels("delivery").inc()
    LOG.error("delivery refused", delivery=row["id"], report=row["report_id"], reason=reason)
    with engine.begin() as connection:
        notices.add(connection, "delivery", row["site_id"], row["report_id"], f"delivery {row['id']}: {reason}")
    return _settle(engine, row, "dead", reason)
