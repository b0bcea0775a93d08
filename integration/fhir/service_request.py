"""Report → ServiceRequest, for HL7-fed reports (v2-to-FHIR: ORC and OBR)."""

from __future__ import annotations

from integration.canonical import Report
from integration.fhir.elements import checked, coded, concept, identifier, meta
from integration.fhir.systems import Json, Systems
from integration.fhir.task import PRIORITIES


def service_request(key: str, report: Report, subject: Json, systems: Systems) -> Json:
    """The order behind the report: placer, filler and accession number, procedure, reason, priority.

    Completed, as a report on it exists. `key` is our own identifier's value.
    """
    order = report.order
    return checked(
        {
            "resourceType": "ServiceRequest",
            "meta": meta(systems),
            "identifier": [
                {"system": systems.order, "value": key},
                identifier(order.placer, systems, "PLAC"),
                identifier(order.filler, systems, "FILL"),
                identifier(order.accession, systems, "ACSN"),
            ],
            "status": "completed",
            "intent": "order",
            "priority": PRIORITIES[order.priority],
            "code": coded(order.procedure),
            "subject": subject,
            "reasonCode": [concept(text=order.reason)] if order.reason else [],
            "bodySite": [concept(text=order.body_site)] if order.body_site else [],
        }
    )
