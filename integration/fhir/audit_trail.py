"""A row of the audit trail as an AuditEvent (FHIR R4, after DICOM PS3.15 §A.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integration.canonical import EventKind, Identifier
from integration.fhir.elements import checked, coding, identifier, instant, meta
from integration.fhir.systems import Json, Systems

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
# DICOM PS3.16 CID 400, and AuditEvent.action (FHIR audit-event-action).
_CODES = {
    EventKind.AUTHENTICATION: ("110114", "User Authentication", "E"),
    EventKind.EXPORT: ("110106", "Export", "R"),
    EventKind.QUERY: ("110112", "Query", "E"),
    EventKind.READ: ("110110", "Patient Record", "R"),
    EventKind.CHANGE: ("110110", "Patient Record", "U"),
    EventKind.DELETION: ("110110", "Patient Record", "D"),
    EventKind.ACTIVITY: ("110100", "Application Activity", "U"),
    EventKind.AUDIT_USED: ("110101", "Audit Log Used", "R"),
}
_SUCCESS, _MINOR_FAILURE = "0", "4"


@dataclass(frozen=True)
class Trail:
    """One row: who did what to which entity when. `digest` is its place in the hash chain, "" if not sealed.

    `patient` is whose report it was, None where a row is of no report or of one that was purged.
    """

    key: str
    recorded: datetime
    actor: str
    name: str
    action: str
    kind: EventKind
    entity: str
    report: str
    digest: str
    patient: Identifier | None = None


def audit_event(row: Trail, systems: Systems) -> Json:
    """The AuditEvent of a row; identified by a meta.tag, for R4 AuditEvent has no identifier."""
    code, display, action = _CODES[row.kind]
    return checked(
        {
            "resourceType": "AuditEvent",
            "meta": meta(systems, tag={"system": systems.audit, "code": f"row-{row.key}"}),
            "type": coding(_DCM, code, display),
            "subtype": [{"system": f"{systems.audit}-action", "code": row.action}],
            "action": action,
            "recorded": instant(row.recorded),
            "outcome": _MINOR_FAILURE if row.action.endswith(".refused") else _SUCCESS,
            "agent": [{"altId": row.actor, "name": row.name, "requestor": True}],
            "source": {"observer": {"display": "Countersign", "identifier": {"value": systems.source}}},
            "entity": _entities(row, systems),
        }
    )


def _entities(row: Trail, systems: Systems) -> list[Json]:
    """Whose record (BALP asks for the patient of every patient's event), what of it, and the row's own hash."""
    entities: list[Json] = []
    if row.patient is not None:
        person, role = coding(_ENTITY_TYPE, "1", "Person"), coding(_ENTITY_ROLE, "1", "Patient")
        entities.append({"what": {"identifier": identifier(row.patient, systems)}, "type": person, "role": role})
    named = [("entity", row.entity), ("report", row.report)]
    entities += [{"name": f"{kind} {value}"} for kind, value in named if value]
    if row.digest:
        entities.append({"name": "hash chain", "detail": [{"type": "sha256", "valueString": row.digest}]})
    return entities
