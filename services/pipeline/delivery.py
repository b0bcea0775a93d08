"""The outbox emptied: each delivery brings a server to what our rows say, and is settled before the next."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sqlalchemy import Engine, RowMapping

from integration.fhir.capability import Capabilities, capabilities, is_supported
from integration.fhir.client import Client
from integration.fhir.errors import Conflict, FhirError, Unreachable
from integration.fhir.results import list_results
from integration.fhir.systems import Systems
from integration.fhir.wanted import Wanted
from integration.fhir.write import Outcome, write
from services.pipeline import amending, resources
from services.settings import Settings
from services.store import deliveries, notices, reports
from services.store.fhir_ledger import StoreLedger
from services.store.jobs import StaleLease
from services.store.outage import is_outage
from services.telemetry import traces
from services.telemetry.logs import log
from services.telemetry.metrics import DEAD_LETTERS, WRITE_SECONDS

LOG = log("delivery")
CAPABILITIES_SECONDS = 3600.0
CHANGED_ELSEWHERE = "changed on the FHIR server"
SIGNED = ("final", "corrected")


@dataclass
class FhirTarget:
    """The FHIR server deliveries go to; its CapabilityStatement is read when first reached, and each hour."""

    client: Client
    systems: Systems
    settings: Settings
    _capabilities: Capabilities | None = field(default=None)
    _read_at: float = field(default=0.0)

    def capabilities(self) -> Capabilities:
        """What the server can do. Raises FhirError."""
        if self._capabilities is None or time.monotonic() - self._read_at > CAPABILITIES_SECONDS:
            self._capabilities = self.client.run(capabilities())
            if not is_supported(self._capabilities):
                LOG.warning("FHIR version not supported", version=self._capabilities.fhir_version[:10])
            self._read_at = time.monotonic()
        return self._capabilities


def send(engine: Engine, row: RowMapping, target: FhirTarget) -> str:
    """Carries one leased delivery out and settles it: `sent`, `postponed`, `dead` or `stale`."""
    try:
        with traces.span("delivery", link=row["trace"], delivery=row["id"]), WRITE_SECONDS.labels(row["kind"]).time():
            _write(engine, row, target)
    except Unreachable as error:
        return _postpone(engine, row, error, target.settings)
    except Conflict as conflict:
        return _leave_to_a_person(engine, row, conflict)
    except FhirError as error:
        return _give_up(engine, row, f"{type(error).__name__}: {error}")
    except Exception as error:
        if is_outage(error):
            raise
        # A fault of ours must stop neither the process nor other reports; its text could quote the report.
        LOG.error("delivery failed", delivery=row["id"], report=row["report_id"], error=type(error).__name__)
        return _give_up(engine, row, f"{type(error).__name__} while the resources were made")
    return _settle(engine, row, "sent") if not _was_in_conflict(engine, row) else _resolved(engine, row)


def _was_in_conflict(engine: Engine, row: RowMapping) -> bool:
    with engine.connect() as connection:
        review = reports.review_of(connection, row["report_id"])
    return review is not None and str(review["note"]).startswith(CHANGED_ELSEWHERE)


def _resolved(engine: Engine, row: RowMapping) -> str:
    """The server says again what we say: the reviewer's notice goes."""
    with engine.begin() as connection:
        reports.bump_review(connection, row["report_id"], "")
    return _settle(engine, row, "sent")


def _write(engine: Engine, row: RowMapping, target: FhirTarget) -> None:
    with engine.connect() as connection:
        rows = resources.collect(connection, row["kind"], row["version_id"])
        again = amending.is_amended(connection, row)
    wanted = resources.wanted(rows, target.systems, target.settings.writeback)
    with StoreLedger(engine, row["destination"], row["site_id"], row["report_id"]) as ledger:
        ledger.prepare(item.key for item in wanted)
        if again:
            wanted = amending.amended(wanted, ledger)
        overwrite = bool(row["detail"].get("overwrite"))
        outcome = target.client.run(write(target.capabilities(), wanted, ledger, overwrite=overwrite))
    for key, reason in outcome.kept.items():
        LOG.info("kept here", delivery=row["id"], kind=key.partition("?")[0], reason=reason)
    if target.settings.writeback.result and rows.source and rows.signed:
        _list_results(rows.source["reference"], wanted, outcome, target)


def _list_results(report: str, wanted: list[Wanted], outcome: Outcome, target: FhirTarget) -> None:
    """Opt-in: the EHR's own report names the findings its radiologist signed."""
    observed = [item for item in wanted if item.type == "Observation" and item.key in outcome.written]
    signed = [outcome.written[i.key].reference for i in observed if i.resource["status"] in SIGNED]
    others = [outcome.written[i.key].reference for i in observed if i.resource["status"] not in SIGNED]
    target.client.run(list_results(report, signed, others))


def _settle(engine: Engine, row: RowMapping, state: str, reason: str = "") -> str:
    try:
        with engine.begin() as connection:
            deliveries.close(connection, row, state, reason)
    except StaleLease:
        return "stale"
    return state


def _postpone(engine: Engine, row: RowMapping, error: Unreachable, settings: Settings) -> str:
    try:
        with engine.begin() as connection:
            deliveries.postpone(connection, row, str(error), settings.queue, error.retry_after or 0)
    except StaleLease:
        return "stale"
    return "postponed"


def _leave_to_a_person(engine: Engine, row: RowMapping, conflict: Conflict) -> str:
    """Somebody changed what we wrote. It is not overwritten; the reviewer is shown where and which version."""
    DEAD_LETTERS.labels("delivery").inc()
    found = f"{conflict.reference} version {conflict.version}".strip() if conflict.reference else ""
    reason = f"{conflict}: {found}" if found else str(conflict)
    LOG.error("delivery conflict", delivery=row["id"], report=row["report_id"], reason=reason)
    with engine.begin() as connection:
        notices.add(connection, "conflict", row["site_id"], row["report_id"], f"delivery {row['id']}: {reason}")
        reports.bump_review(connection, row["report_id"], f"{CHANGED_ELSEWHERE}: {found}")
    return _settle(engine, row, "dead", reason)


def _give_up(engine: Engine, row: RowMapping, reason: str) -> str:
    """The server will never take it: a person is told, and the report's later deliveries go on."""
    DEAD_LETTERS.labels("delivery").inc()
    LOG.error("delivery refused", delivery=row["id"], report=row["report_id"], reason=reason)
    with engine.begin() as connection:
        notices.add(connection, "delivery", row["site_id"], row["report_id"], f"delivery {row['id']}: {reason}")
    return _settle(engine, row, "dead", reason)
