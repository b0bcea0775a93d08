"""What a resource that came in can be found by: names, numbers and exams, wherever they stand in the Bundle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integration.fhir.systems import Json

_MOST_WORDS = 100
_LONGEST = 300


def words_of(bundle: Json) -> list[tuple[str, str]]:
    """The first hundred: ("n", name), ("i", patient's identifier), ("a", other identifier), ("e", exam)."""
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    resources = [entry.get("resource") for entry in entries or [bundle] if isinstance(entry, dict)]
    found = {word: None for each in resources if isinstance(each, dict) for word in _of(each)}
    found |= dict.fromkeys(_of(bundle)) if not entries and isinstance(bundle, dict) else {}
    return [(letter, words) for letter, words in found if words][:_MOST_WORDS]


def text_of(bundle: Json) -> str:
    """The conclusions of the reports in it."""
    entries = [entry.get("resource") for entry in bundle.get("entry") or [] if isinstance(entry, dict)]
    said = [each.get("conclusion") for each in [bundle, *entries] if isinstance(each, dict)]
    return "\n".join(each for each in said if isinstance(each, str))[:20_000]


def _of(resource: Json) -> Iterator[tuple[str, str]]:
    is_patient = resource.get("resourceType") == "Patient"
    for identifier in _list(resource.get("identifier")):
        yield "i" if is_patient else "a", _word(identifier.get("value"))
    for name in _list(resource.get("name")) if is_patient else ():
        given = [each for each in name.get("given") or () if isinstance(each, str)]
        yield "n", _word(" ".join(filter(None, (name.get("text"), name.get("family"), *given))))
    if resource.get("resourceType") in ("DiagnosticReport", "ServiceRequest"):
        for code in _list(resource.get("code")):
            shown = [each.get("display") for each in _list(code.get("coding"))]
            yield "e", _word(" ".join(each for each in (code.get("text"), *shown) if isinstance(each, str)))


def _list(value: Any) -> list[Json]:
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, dict)]


def _word(value: Any) -> str:
    return " ".join(str(value).split())[:_LONGEST] if value else ""
