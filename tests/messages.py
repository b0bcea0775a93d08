"""Messages of our own for tests, over any accession number."""

from __future__ import annotations

import base64
from typing import Any

EFFUSION = ("There is a small right pleural effusion.", "No pneumothorax.")
MR = "http://terminology.hl7.org/CodeSystem/v2-0203"


def oru(
    accession: str,
    *lines: str,
    control_id: str = "",
    status: str = "F",
    patient: str = "",
    time: str = "20260914110000",
    procedure: str = "XR0001^Chest two views^L",
    modality: str = "DX",
    priority: str = "R",
) -> bytes:
    """An ORU^R01 with one TX line an OBX."""
    segments = [
        f"MSH|^~\\&|RIS|NORTHSIDE|CS|CS|{time}+0200||ORU^R01^ORU_R01|{control_id or accession}|P|2.5.1",
        f"PID|1||{patient or 'P' + accession}^^^NORTHSIDE^MR||TESTCASE^ANY||19500101|F",
        f"OBR|1||F{accession}^RIS|{procedure}|||20260914100000|||||||||||{accession}||||{time}+0200||{modality}"
        f"|{status}||^^^^^{priority}",
    ]
    segments += [f"OBX|{n}|TX|XR0001&GDT^Report||{line}||||||{status}" for n, line in enumerate(lines or EFFUSION, 1)]
    return "\r".join(segments).encode() + b"\r"


def diagnostic_report(accession: str, *lines: str, status: str = "final", patient: str = "") -> dict[str, Any]:
    """A transaction Bundle with Patient and DiagnosticReport, as an EHR would hold them."""
    text = base64.b64encode("\n".join(lines or EFFUSION).encode()).decode()
    person = {"system": "urn:oid:2.999.1.1", "value": patient or f"P{accession}", "type": _type("MR")}
    order = {"system": "urn:oid:2.999.1.2", "value": accession, "type": _type("ACSN")}
    who = "urn:uuid:00000000-0000-4000-8000-000000000001"
    report = {
        "resourceType": "DiagnosticReport",
        "identifier": [order],
        "status": status,
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}],
        "code": {"coding": [{"system": "urn:oid:2.999.1.3", "code": "XR0001", "display": "Chest two views"}]},
        "subject": {"reference": who},
        "effectiveDateTime": "2026-09-14T10:00:00+02:00",
        "issued": "2026-09-14T11:00:00+02:00",
        "presentedForm": [{"contentType": "text/plain", "data": text}],
    }
    entries = [_entry({"resourceType": "Patient", "identifier": [person]}, who, person), _entry(report, "", order)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _type(code: str) -> dict[str, Any]:
    return {"coding": [{"system": MR, "code": code}]}


def _entry(resource: dict[str, Any], url: str, identifier: dict[str, Any]) -> dict[str, Any]:
    token = f"identifier={identifier['system']}|{identifier['value']}"
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": token}
    full = {"fullUrl": url} if url else {}
    return {**full, "resource": resource, "request": request}
