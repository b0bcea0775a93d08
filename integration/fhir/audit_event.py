"""A signature as an AuditEvent: IHE BALP "Update with a Patient subject", for servers that take AuditEvents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integration.fhir.elements import checked, coding, concept, instant, meta
from integration.fhir.systems import Json, Systems

PATIENT_UPDATE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientUpdate"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


@dataclass(frozen=True)
class Signing:
    """One Sign: `key` identifies it as a meta.tag; references to reader, patient, report and Observations."""

    key: str
    recorded: datetime
    reader: Json
    patient: Json
    report: Json
    observations: tuple[Json, ...]


def audit_event(signing: Signing, systems: Systems) -> Json:
    """Who made which Observations final, for which patient, when. Our own audit trail is kept in any case."""
    built = meta(systems, tag={"system": systems.audit, "code": signing.key})
    return checked(
        {
            "resourceType": "AuditEvent",
            "meta": {**built, "profile": [PATIENT_UPDATE]},
            "type": coding(_EVENT_TYPE, "rest", "RESTful Operation"),
            "subtype": [coding("http://hl7.org/fhir/restful-interaction", "update", "update")],
            "action": "U",
            "recorded": instant(signing.recorded),
            "outcome": "0",
            "agent": _agents(signing, systems),
            "source": {
                "observer": {"display": "Countersign", "identifier": {"value": systems.source}},
                "type": [coding(_SOURCE_TYPE, "4", "Application Server")],
            },
            "entity": _entities(signing),
        }
    )


def _agents(signing: Signing, systems: Systems) -> list[Json]:
    client = concept(coding(_DCM, "110153", "Source Role ID"))
    server = concept(coding(_DCM, "110152", "Destination Role ID"))
    author = concept(coding(_PARTICIPATION, "AUT", "author (originator)"))
    us = {"display": "Countersign", "identifier": {"value": systems.source}}
    return [
        {"type": client, "who": us, "requestor": False},
        {"type": server, "who": {"display": "FHIR server"}, "requestor": False},
        {"type": author, "who": signing.reader, "requestor": True},
    ]


def _entities(signing: Signing) -> list[Json]:
    person = coding(_ENTITY_TYPE, "1", "Person")
    thing = coding(_ENTITY_TYPE, "2", "System Object")
    domain = coding(_ENTITY_ROLE, "4", "Domain Resource")
    who = {"what": signing.patient, "type": person, "role": coding(_ENTITY_ROLE, "1", "Patient")}
    what = [{"what": each, "type": thing, "role": domain} for each in (*signing.observations, signing.report)]
    return [who, *what]
