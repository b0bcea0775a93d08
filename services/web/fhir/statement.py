"""Our CapabilityStatement (FHIR R4 capabilitystatement.html)."""

from __future__ import annotations

from integration.fhir.systems import FHIR_JSON, FHIR_VERSION, Json
from services.web.fhir.parameters import PARAMETERS

DATE = "2026-01-01"


def capability_statement(base_url: str, version: str) -> Json:
    """What /fhir does: read and search, nothing else."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Countersign", "version": version},
        "implementation": {"description": "Findings and their reviews, read only", "url": base_url},
        "fhirVersion": FHIR_VERSION,
        "format": [FHIR_JSON, "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Without status, Observations are final, amended or corrected only.",
                "security": {
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                                    "code": "SMART-on-FHIR",
                                }
                            ]
                        }
                    ]
                },
                "resource": [_resource(kind, names) for kind, names in PARAMETERS.items()],
            }
        ],
    }


def _resource(kind: str, names: dict[str, str]) -> Json:
    return {
        "type": kind,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [{"name": name, "type": type_} for name, type_ in names.items()],
    }
