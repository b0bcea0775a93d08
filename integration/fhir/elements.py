"""The small pieces every resource is built from: identifiers, concepts, references, meta; and the check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from integration.canonical import Coding, Identifier, Person
from integration.fhir.systems import AIAST, V2_0203, Json, Systems, is_uri

# HL7 v2 table 0396 mnemonics an order or procedure code comes with, as URIs (terminology.hl7.org).
TABLE_0396 = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "C4": "http://www.ama-assn.org/go/cpt",
    "I10": "http://hl7.org/fhir/sid/icd-10",
}


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


MOST_SHAPES = 10_000
_ACCEPTED: set[Any] = set()


@cache
def _model(resource_type: str) -> Any:
    """R4-shaped resources of the types we write parse as R4B; the library has no R4 module."""
    return get_fhir_model_class(resource_type)


def checked(resource: Json) -> Json:
    """The resource without empty elements, once the fhir.resources model accepts its shape.

    The model is asked once for each shape (which elements there are, and of what kind): it costs a
    millisecond an Observation, and values are valid by how they are made, which the tests prove with any
    data. The dictionary itself is returned, not the model's dump, which rewrites decimals and instants.
    """
    pruned: Json = prune(resource)
    seen = (pruned["resourceType"], _shape(pruned))
    if seen not in _ACCEPTED:
        _model(pruned["resourceType"]).model_validate(pruned)
        if len(_ACCEPTED) < MOST_SHAPES:
            _ACCEPTED.add(seen)
    return pruned


def _shape(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return (*value, *map(_shape, value.values()))
    if kind is list:
        return frozenset(map(_shape, value))
    return kind


def prune(value: Any) -> Any:
    """Without None, blank strings, [] and {} at any depth: FHIR JSON forbids empty elements.

    Characters that FHIR strings may not hold (control characters, halves of surrogate pairs) are left out.
    """
    if isinstance(value, str):
        # What can be printed holds no forbidden character; asking is a tenth of the search for one.
        plain = value if value.isprintable() else _FORBIDDEN.sub("", value)
        return "" if plain.isspace() else plain
    if isinstance(value, dict):
        return {key: kept for key, item in value.items() if (kept := prune(item)) or _is_a_value(kept)}
    if isinstance(value, list):
        return [kept for item in value if (kept := prune(item)) or _is_a_value(kept)]
    return value


def _is_a_value(pruned: Any) -> bool:
    """False and 0 say something; None and what is empty do not."""
    return isinstance(pruned, (bool, int, float))


def meta(systems: Systems, *, ai: bool = False, tag: Json | None = None) -> Json:
    """Our meta: source always, the AIAST security label where an AI asserted the content."""
    return {"source": systems.source, "security": [AIAST] if ai else [], "tag": [tag] if tag else []}


def concept(*codings: Json, text: str = "") -> Json:
    """A CodeableConcept."""
    return {"coding": [c for c in codings if c], "text": text}


def coding(system: str, code: str, display: str = "") -> Json:
    """A Coding, empty without a code; blanks within a code are single ones (FHIR R4 datatypes.html#code)."""
    plain = " ".join(_FORBIDDEN.sub("", code).split())
    return {"system": system, "code": plain, "display": display} if plain else {}


def coded(value: Coding) -> Json:
    """A CodeableConcept from a canonical Coding; an unknown v2 system mnemonic is left out, the text kept."""
    system = TABLE_0396.get(value.system.upper(), value.system if is_uri(value.system) else "")
    return concept(coding(system, value.code, value.display), text=value.display or value.code)


def identifier(value: Identifier | None, systems: Systems, type_code: str = "") -> Json:
    """An Identifier with its v2-0203 type; empty when there is none."""
    if value is None or not prune(value.value):
        return {}
    code = type_code or value.type
    kind = concept(coding(V2_0203, code)) if code else {}
    return {"type": kind, "system": systems.authority_uri(value.authority), "value": value.value}


def literal(reference: str, display: str = "") -> Json:
    """A Reference to a resource on the server ("Patient/1") or to one written beside it (urn:uuid:…)."""
    return {"reference": reference, "display": display}


def person_reference(person: Person, systems: Systems, type_: str = "Practitioner") -> Json:
    """A logical Reference to a person whose resource we do not know; literal when the authority is one."""
    name = " ".join(part for part in (person.given, person.family) if part)
    return {"type": type_, "identifier": identifier(person.identifier, systems), "display": name}


def human_name(family: str, given: str) -> list[Json]:
    """HumanName; several given names come separated by blanks."""
    return [{"family": family, "given": given.split()}] if family or given else []


def instant(moment: datetime | None) -> str:
    """ISO 8601 with the source's offset, to the second; "" for None."""
    return moment.isoformat(timespec="seconds") if moment else ""


def notes(texts: Iterable[str]) -> list[Json]:
    """Annotations."""
    return [{"text": text} for text in texts if text.strip()]
