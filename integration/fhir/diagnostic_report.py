"""Report → DiagnosticReport, for HL7-fed reports (v2-to-FHIR: OBR of ORU_R01)."""

from __future__ import annotations

import base64

from integration.canonical import Report
from integration.fhir.elements import (
    checked,
    coded,
    coding,
    concept,
    identifier,
    instant,
    meta,
    person_reference,
    prune,
)
from integration.fhir.systems import V2_0074, Json, Systems


def diagnostic_report(key: str, report: Report, subject: Json, order: Json | None, systems: Systems) -> Json:
    """The report as received, its text as one text/plain attachment.

    `result` is left out on purpose: unsigned suggestions never go into a signed report. `key` is our own
    identifier's value, the same for every version of the report.
    """
    interpreter = report.interpreter
    return checked(
        {
            "resourceType": "DiagnosticReport",
            "meta": meta(systems),
            "identifier": [
                {"system": systems.report, "value": key},
                identifier(report.order.filler, systems, "FILL"),
                identifier(report.order.accession, systems, "ACSN"),
                identifier(report.order.placer, systems, "PLAC"),
            ],
            "basedOn": [order] if order else [],
            "status": str(report.status),
            "category": [concept(coding(V2_0074, "RAD", "Radiology"))],
            "code": _code(report),
            "subject": subject,
            "effectiveDateTime": instant(report.observed),
            "issued": instant(report.issued),
            "resultsInterpreter": [person_reference(interpreter, systems)] if interpreter else [],
            "presentedForm": [_attachment(report)] if prune(report.text) else [],
        }
    )


def _code(report: Report) -> Json:
    """The procedure; "Diagnostic imaging study" (LOINC 18748-4) when the message names none."""
    named = coded(report.order.procedure)
    return named if prune(named) else concept(coding("http://loinc.org", "18748-4", "Diagnostic imaging study"))


def _attachment(report: Report) -> Json:
    data = base64.b64encode(prune(report.text).encode()).decode()
    return {"contentType": "text/plain; charset=utf-8", "data": data}
