"""What a report's change puts into the outbox of the FHIR server."""

from __future__ import annotations

from sqlalchemy import Connection

from integration.canonical import Processing
from services.domain.reports import StoredReport
from services.domain.words import DeliveryKind
from services.settings import Settings
from services.store import deliveries
from services.store.rows import Values
from services.telemetry import traces

UNSIGNED = (DeliveryKind.PROPOSED, DeliveryKind.WITHDRAWN)


def deliver(
    connection: Connection, report: StoredReport, version_id: int, kind: DeliveryKind, settings: Settings
) -> None:
    """Puts a delivery to the FHIR server in the outbox, where there is one."""
    for row in to_deliver(report, version_id, kind, settings):
        deliveries.add(connection, **row)


def to_deliver(report: StoredReport, version_id: int, kind: DeliveryKind, settings: Settings) -> list[Values]:
    """The row of a delivery to the FHIR server, where there is one; nothing leaves of training and debugging."""
    if report.processing is not Processing.PRODUCTION:
        return []
    if settings.fhir.url is None or (kind in UNSIGNED and settings.writeback.preliminary == "none"):
        return []
    row = {
        "site_id": report.site_id,
        "kind": kind,
        "report_id": report.id,
        "version_id": version_id,
        "destination": settings.fhir.name,
        "trace": traces.here(),
    }
    return [row]
