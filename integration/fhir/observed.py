"""Observations of a report that came to us, as lines of text: title, value, components, notes, members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integration.fhir.collection import Collection
from integration.fhir.lenient import element, elements, text, words
from integration.fhir.systems import Json

_DEEPEST = 3


def lines_of(observation: Json, collection: Collection, depth: int = 0) -> Iterator[str]:
    """Every line an Observation says; members of a panel after it."""
    said = [_value(observation), *(text(note, "text") for note in elements(observation, "note"))]
    yield _titled(observation, " ".join(part.strip() for part in said if part.strip()))
    for component in elements(observation, "component"):
        yield _titled(component, _value(component))
    if depth < _DEEPEST:
        for member in collection.all_of(observation, "hasMember"):
            yield from lines_of(member, collection, depth + 1)


def _titled(holder: Json, spoken: str) -> str:
    title = words(element(holder, "code"))
    return f"{title}: {spoken}" if title and spoken else spoken


def _value(holder: Json) -> str:
    """value[x] as a person reads it."""
    for name in ("valueString", "valueDateTime", "valueTime"):
        if text(holder, name):
            return text(holder, name)
    coded = words(element(holder, "valueCodeableConcept"))
    return coded or _quantity(element(holder, "valueQuantity")) or _plain(holder)


def _quantity(quantity: Json) -> str:
    number = _number(quantity.get("value"))
    return " ".join(
        filter(None, (text(quantity, "comparator"), number, text(quantity, "unit") or text(quantity, "code")))
    )


def _plain(holder: Json) -> str:
    if isinstance(holder.get("valueBoolean"), bool):
        return "yes" if holder["valueBoolean"] else "no"
    return _number(holder.get("valueInteger"))


def _number(value: Any) -> str:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
