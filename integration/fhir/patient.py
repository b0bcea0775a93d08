"""Report → Patient, for HL7-fed reports whose patient the server does not have (v2-to-FHIR: PID)."""

from __future__ import annotations

import re

from integration.canonical import Patient
from integration.fhir.elements import checked, human_name, identifier, meta
from integration.fhir.systems import Json, Systems

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def patient(person: Patient, systems: Systems) -> Json:
    """A Patient with every identifier the message gave; a birth date that is no FHIR date is left out."""
    born = person.birth_date if _DATE.fullmatch(person.birth_date) else ""
    return checked(
        {
            "resourceType": "Patient",
            "meta": meta(systems),
            "identifier": [identifier(each, systems) for each in person.identifiers],
            "name": human_name(person.family, person.given),
            "gender": str(person.sex),
            "birthDate": born,
        }
    )
