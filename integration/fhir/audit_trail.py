"""A row of the audit trail as an AuditEvent (FHIR R4, after DICOM PS3.15 §A.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integration.fhir.elements import checked, coding, instant, meta
from integration.fhir.systems import Json, Systems

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
# DICOM PS3.16 CID 400, and AuditEvent.action (FHIR audit-event-action), by the first word of our action.
_KINDS = {
    "login": ("110114", "User Authentication", "E"),
    "logout": ("110114", "User Authentication", "E"),
    "export": ("110106", "Export", "R"),
    "audit": ("110101", "Audit Log Used", "R"),
    "setting": ("110100", "Application Activity", "U"),
}
_RECORD = ("110110", "Patient Record", "U")
_READS = ("review.view", "review.reasoning", "review.print")


@dataclass(frozen=True)
class Trail:
    """One row: who did what to which entity when. `digest` is its place in the hash chain, "" if not sealed."""

    key: str
    recorded: datetime
    actor: str
    name: str
    action: str
    entity: str
    report: str
    digest: str


def audit_event(row: Trail, systems: Systems) -> Json:
    """The AuditEvent of a row; identified by a meta.tag, for R4 AuditEvent has no identifier."""
    code, display, action = _KINDS.get(row.action.partition(".")[0], _RECORD)
    return checked(
        {
            "resourceType": "AuditEvent",
            "meta": meta(systems, tag={"system": systems.audit, "code": f"row-{row.key}"}),
            "type": coding(_DCM, code, display),
            "subtype": [{"system": f"{systems.audit}-action", "code": row.action}],
            "action": "R" if row.action in _READS else action,
            "recorded": instant(row.recorded),
            "outcome": "0",
            "agent": [{"altId": row.actor, "name": row.name, "requestor": True}],
            "source": {"observer": {"display": "Countersign", "identifier": {"value": systems.source}}},
            "entity": _entities(row),
        }
    )


def _entities(row: Trail) -> list[Json]:
    named = [("entity", row.entity), ("report", row.report)]
    entities: list[Json] = [{"name": f"{kind} {value}"} for kind, value in named if value]
    if row.digest:
        entities.append({"name": "hash chain", "detail": [{"type": "sha256", "valueString": row.digest}]})
    return entities
