"""Patients that a FHIR server says are one: Patient.link (R4 patient.html#links).

`replaced-by` stands on the record that is not used any more, `replaces` on the one that is; `refer` and `seealso` say
nothing of identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integration.bounds import NUMBER, is_too_long
from integration.canonical import Identifier
from integration.fhir.collection import Collection, bundle_of, made_relative
from integration.fhir.errors import Refused
from integration.fhir.exchange import Exchange, read
from integration.fhir.lenient import canonical_identifier, element, elements, moment, text
from integration.fhir.systems import Json, Systems
from integration.merges import Merge, Merges, pairs
from integration.reasons import reason

_MERGING = ("replaced-by", "replaces")
MOST_LINKS = 20
_SCOPE = "COUNTERSIGN_FHIR__SMART__SCOPE"


def has_links(patient: Any) -> bool:
    """Whether a Patient is one with another."""
    return any(_links(patient))


def reread_patient(reference: str, base_url: str) -> Exchange[Json]:
    """The collection Bundle of a Patient and those it is one with. Raises NotFound, Refused or Unreachable."""
    patient = made_relative((yield from read(reference)), base_url)
    if f"{patient.get('resourceType')}/{patient.get('id')}" != reference:
        raise Refused("GET Patient was answered with something else", 200)
    found = [patient]
    for link in list(_links(patient))[:MOST_LINKS]:
        other = text(element(link, "other"), "reference").split("/_history/")[0]
        if other.startswith("Patient/") and other.count("/") == 1:
            try:
                found.append(made_relative((yield from read(other)), base_url))
            except Refused:
                continue
    return bundle_of(found)


def read_links(bundle: Any, systems: Systems) -> Merges:
    """The merges of a collection Bundle whose first entry is a Patient. Never raises."""
    collection = Collection(bundle)
    patient, found = collection.report, list[Merge]()
    said_at = moment(text(element(patient, "meta"), "lastUpdated"))
    for number, link in enumerate(elements(patient, "link")):
        if link not in list(_links(patient)):
            continue
        other = collection.follow(element(link, "other"))
        if not other:
            place = f"Patient.link[{number}].other"
            why = reason(place, "a reference to what we may not read", "a Patient with an identifier", _SCOPE, of="")
            return Merges(quarantined=why)
        one, two = (patient, other) if text(link, "type") == "replaced-by" else (other, patient)
        paired = list(pairs(_numbers(one, systems), _numbers(two, systems)))
        if not paired:
            return Merges(quarantined=reason(f"Patient.link[{number}]", "no two numbers of one system", "one of each"))
        found += [Merge(prior=prior, surviving=left, said_at=said_at) for prior, left in paired if prior != left]
    if any(is_too_long(each.prior) or is_too_long(each.surviving) for each in found):
        place, most = "Patient.identifier", f"a number of more than {NUMBER} characters"
        return Merges(quarantined=reason(place, most, "a shorter one"))
    return Merges(tuple(found), all_of=f"Patient/{text(patient, 'id')}", said_at=said_at)


def _links(patient: Any) -> Iterator[Json]:
    return (link for link in elements(patient, "link") if text(link, "type") in _MERGING)


def _numbers(patient: Json, systems: Systems) -> list[Identifier]:
    """Numbers in use; a record that is not used any more may have none, and one that is may keep the other's as old."""
    held = [each for each in elements(patient, "identifier") if text(each, "value")]
    used = [each for each in held if text(each, "use") != "old"] or held
    return [canonical_identifier(each, systems) for each in used]
