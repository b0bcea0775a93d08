"""Re-reading what a hint names: the DiagnosticReport and what its understanding needs, as one collection Bundle."""

from __future__ import annotations

from integration.fhir.collection import bundle_of, made_relative, references_to_read
from integration.fhir.errors import Refused
from integration.fhir.exchange import Exchange, read
from integration.fhir.lenient import element, text
from integration.fhir.systems import Json


def reread(reference: str, base_url: str) -> Exchange[Json]:
    """The collection Bundle whose first entry is the DiagnosticReport.

    What is missing or refused on the server is left out; the reader says what that means. Raises NotFound,
    Refused or Unreachable for the report itself.
    """
    report = made_relative((yield from read(reference)), base_url)
    if f"{report['resourceType']}/{report.get('id')}" != reference:
        raise Refused("GET DiagnosticReport was answered with something else", 200)
    found = [report]
    for wanted in references_to_read(report):
        try:
            found.append(made_relative((yield from read(wanted)), base_url))
        except Refused:
            continue
    found += yield from _practitioners(found)
    return bundle_of(found)


def _practitioners(found: list[Json]) -> Exchange[list[Json]]:
    """The people behind PractitionerRoles."""
    roles = (each for each in found if text(each, "resourceType") == "PractitionerRole")
    named = {text(element(role, "practitioner"), "reference") for role in roles}
    held: list[Json] = []
    for reference in sorted(each for each in named if each.startswith("Practitioner/")):
        try:
            held.append((yield from read(reference)))
        except Refused:
            continue
    return held
