"""Reading other people's JSON: whatever its shape, an answer or an empty one, never an exception."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integration.canonical import Coding, Identifier
from integration.characters import storable
from integration.fhir.systems import V2_0203, Json, Systems
from integration.moments import usable


def element(holder: Any, name: str) -> Json:
    """The named object; of a list, the first object; else {}."""
    found = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(found, list):
        found = next((each for each in found if isinstance(each, dict)), None)
    return found if isinstance(found, dict) else {}


def elements(holder: Any, name: str) -> list[Json]:
    """The named list's objects; a single object counts as a list of one."""
    found = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(found, dict):
        return [found]
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(holder: Any, name: str) -> str:
    """The named string, else ""."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return storable(found) if isinstance(found, str) else ""


def version_of(resource: Any) -> str:
    """meta.versionId, "" where the server keeps none. Some send a number."""
    found = element(resource, "meta").get("versionId")
    return storable(str(found)) if isinstance(found, str | int) else ""


def strings(holder: Any, name: str) -> list[str]:
    """The named list's strings."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return [storable(each) for each in found if isinstance(each, str)] if isinstance(found, list) else []


def moment(value: str) -> datetime | None:
    """A FHIR instant or dateTime with its offset kept; a bare date is midnight UTC, a partial date None, as is
    one of a year that no report is of."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return usable(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def coding_of(concept: Json) -> Coding:
    """The first coding with a code, its display or the concept's text; text alone when nothing is coded."""
    for each in elements(concept, "coding"):
        if text(each, "code"):
            display = text(each, "display") or text(concept, "text")
            return Coding(code=text(each, "code"), display=display, system=text(each, "system"))
    return Coding(display=text(concept, "text"))


def words(concept: Json) -> str:
    """What a person would read of a CodeableConcept."""
    return text(concept, "text") or coding_of(concept).display


def codes(holders: list[Json]) -> set[tuple[str, str]]:
    """Every (system, code) of a list of CodeableConcepts."""
    return {
        (text(each, "system"), text(each, "code"))
        for holder in holders
        for each in elements(holder, "coding")
        if text(each, "code")
    }


def type_code(identifier: Json) -> str:
    """The v2-0203 code of an identifier's type, "" when untyped."""
    for each in elements(element(identifier, "type"), "coding"):
        if text(each, "system") in (V2_0203, "http://hl7.org/fhir/v2/0203", ""):
            return text(each, "code")
    return ""


def canonical_identifier(identifier: Json, systems: Systems) -> Identifier:
    """The identifier with the assigning authority's name as both doors know it."""
    authority = systems.authority(text(identifier, "system"))
    return Identifier(value=text(identifier, "value"), authority=authority, type=type_code(identifier))
