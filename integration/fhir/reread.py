"""Re-reading what a hint names: the DiagnosticReport and what its understanding needs, as one collection Bundle."""

from __future__ import annotations

from typing import Any

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
            resource = made_relative((yield from read(wanted, base_url)), base_url)
        except Refused:
            continue
        here = f"{resource['resourceType']}/{resource.get('id')}"
        if here != wanted:
            found[0] = _renamed(found[0], wanted, here)
        found.append(resource)
    found += yield from _practitioners(found)
    return bundle_of(found)


def _renamed(value: Any, old: str, new: str) -> Any:
    """A copy in which references to one resource lead to another: what was merged into it."""
    if isinstance(value, dict):
        return {
            key: new if key == "reference" and item == old else _renamed(item, old, new) for key, item in value.items()
        }
    return [_renamed(item, old, new) for item in value] if isinstance(value, list) else value


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
