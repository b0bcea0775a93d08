"""The outbox emptied: each delivery brings a server to what our rows say, and is settled before the next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from integration.fhir.capability import Capabilities, capabilities, is_supported
from integration.fhir.client import Client
from integration.fhir.errors import Conflict, FhirError, Refused, Unreachable
from integration.fhir.results import list_results
from integration.fhir.systems import Systems
from integration.fhir.wanted import Wanted
from integration.fhir.write import Outcome, write
from services.domain.deliveries import Delivery
from services.settings import Settings
from services.store import deliveries, reports
from services.store.fhir_ledger import StoreLedger
from services.store.outage import is_outage
from services.telemetry import traces
from services.telemetry.logs import log
from services.telemetry.metrics import WRITE_SECONDS
from services.workflow import amending, resources
from services.workflow.dead_letters import bury_delivery
from services.workflow.settling import postponed, settled

LOG = log("delivery")
CAPABILITIES_SECONDS = 3600.0
FRESH_SECONDS = 0.5
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
        """What the server can do. Raises Unreachable, also where it does not say: then no delivery is at fault."""
        if self._capabilities is None or time.monotonic() - self._read_at > CAPABILITIES_SECONDS:
            try:
                self._capabilities = self.client.run(capabilities())
            except Refused as refused:
                raise Unreachable(f"no CapabilityStatement: {refused}") from None
            if not is_supported(self._capabilities):
                LOG.warning("FHIR version not supported", version=self._capabilities.fhir_version[:10])
            self._read_at = time.monotonic()
        return self._capabilities


@dataclass
class Parcel:
    """One leased delivery on its way. `wanted`: what the server should hold; `error`: why it could not be made."""

    row: Delivery
    rows: resources.Rows
    wanted: list[Wanted] = field(default_factory=list)
    error: Exception | None = None


def send(engine: Engine, rows: Sequence[Delivery], target: FhirTarget) -> list[str]:
    """Carries leased deliveries out, one after the other, and settles them.

    Of each in this order: `sent`, `postponed`, `dead`, `stale`, or `returned` where the server did not answer to one
    before it. Several share the cost of reading and settling. What was read is used no longer than FRESH_SECONDS, so
    that a slow server is told nothing that a correction has overtaken since.
    """
    ends: dict[int, str] = {}
    while left := [row for row in rows if row.id not in ends]:
        ends |= _round(engine, left, target)
        if "postponed" in ends.values():
            break
    if left := [row for row in rows if row.id not in ends]:
        with engine.begin() as connection:
            deliveries.give_back_untried(connection, left)
    return [ends.get(row.id, "returned") for row in rows]


def _round(engine: Engine, rows: Sequence[Delivery], target: FhirTarget) -> dict[int, str]:
    """One reading and one settling, with as many deliveries between them as go out meanwhile."""
    until = time.monotonic() + FRESH_SECONDS
    destination = rows[0].destination
    ledger = StoreLedger(engine, destination, rows[0].site_id)
    with engine.connect() as connection:
        parcels = _pack(connection, [row for row in rows if row.destination == destination], target, ledger)
    ends: dict[int, str] = {}
    sent: list[Parcel] = []
    for parcel in parcels:
        end = _carry(engine, parcel, target, ledger)
        if end == "sent":
            sent.append(parcel)
        ends[parcel.row.id] = end
        if end == "postponed" or time.monotonic() > until:
            break
    return ends | _settle(engine, sent, ledger)


def _pack(connection: Connection, rows: Sequence[Delivery], target: FhirTarget, ledger: StoreLedger) -> list[Parcel]:
    """Reads all that is needed, and what the ledger knows of it."""
    found = resources.collect_all(connection, [(row.kind, row.version_id) for row in rows])
    parcels = [Parcel(row, made) for row, made in zip(rows, found, strict=True)]
    for parcel in parcels:
        try:
            parcel.wanted = resources.wanted(parcel.rows, target.systems, target.settings.writeback)
        except Exception as error:
            # A fault of ours must stop neither the process nor other reports.
            parcel.error = error
    ledger.prepare(connection, [item.key for parcel in parcels for item in parcel.wanted])
    again = deliveries.amended(connection, [row.id for row in rows if row.kind == "signed"])
    for parcel in parcels:
        if parcel.row.id in again:
            parcel.wanted = amending.amended(parcel.wanted, ledger)
    return parcels


def _carry(engine: Engine, parcel: Parcel, target: FhirTarget, ledger: StoreLedger) -> str:
    """`sent`, to be settled with others, or how it ended otherwise."""
    row = parcel.row
    try:
        with traces.span("delivery", link=row.trace, delivery=row.id), WRITE_SECONDS.labels(row.kind).time():
            _write(parcel, target, ledger)
    except Unreachable as error:
        return postponed(engine, row, str(error), target.settings.queue, error.retry_after or 0)
    except Conflict as conflict:
        return _leave_to_a_person(engine, row, conflict)
    except FhirError as error:
        return _give_up(engine, row, f"{type(error).__name__}: {error}")
    except Exception as error:
        if is_outage(error):
            raise
        # Its text could quote the report.
        LOG.error("delivery failed", delivery=row.id, report=row.report_id, error=type(error).__name__)
        return _give_up(engine, row, f"{type(error).__name__} while the resources were made")
    return "sent"


def _write(parcel: Parcel, target: FhirTarget, ledger: StoreLedger) -> None:
    if parcel.error is not None:
        raise parcel.error
    row, rows, wanted = parcel.row, parcel.rows, parcel.wanted
    ledger.about(row.site_id, row.report_id)
    overwrite = bool(row.detail.get("overwrite"))
    outcome = target.client.run(write(target.capabilities(), wanted, ledger, overwrite=overwrite))
    for key, reason in outcome.kept.items():
        LOG.info("kept here", delivery=row.id, kind=key.partition("?")[0], reason=reason)
    if target.settings.writeback.result and rows.version.reference and rows.signed:
        _list_results(rows.version.reference, wanted, outcome, target)


def _list_results(report: str, wanted: list[Wanted], outcome: Outcome, target: FhirTarget) -> None:
    """Opt-in: the EHR's own report names the findings its radiologist signed."""
    observed = [item for item in wanted if item.type == "Observation" and item.key in outcome.written]
    signed = [outcome.written[i.key].reference for i in observed if i.resource["status"] in SIGNED]
    others = [outcome.written[i.key].reference for i in observed if i.resource["status"] not in SIGNED]
    target.client.run(list_results(report, signed, others))


def _settle(engine: Engine, sent: Sequence[Parcel], ledger: StoreLedger) -> dict[int, str]:
    """What was written and that it was sent, in one transaction."""
    with engine.begin() as connection:
        ledger.save(connection)
        closed = deliveries.close_sent(connection, [parcel.row for parcel in sent]) if sent else frozenset()
        for parcel in sent:
            if parcel.row.id in closed and parcel.rows.note.startswith(CHANGED_ELSEWHERE):
                # The server says again what we say: the reviewer's notice goes.
                reports.bump_review(connection, parcel.row.report_id, "")
    return {parcel.row.id: "sent" if parcel.row.id in closed else "stale" for parcel in sent}


def _leave_to_a_person(engine: Engine, row: Delivery, conflict: Conflict) -> str:
    """Somebody changed what we wrote. It is not overwritten; the reviewer is shown where and which version."""
    found = f"{conflict.reference} version {conflict.version}".strip() if conflict.reference else ""
    reason = f"{conflict}: {found}" if found else str(conflict)
    note = f"{CHANGED_ELSEWHERE}: {found}"
    return settled(engine, "dead", lambda within: bury_delivery(within, row, reason, kind="conflict", note=note))


def _give_up(engine: Engine, row: Delivery, reason: str) -> str:
    """The server will never take it: a person is told, and the report's later deliveries go on."""
    return settled(engine, "dead", lambda within: bury_delivery(within, row, reason))
