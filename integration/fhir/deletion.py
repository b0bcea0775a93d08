"""A resource that its server deleted (410 Gone), in the form a history gives it (FHIR R4 http.html#history)."""

from __future__ import annotations

from typing import Any

from integration.fhir.lenient import element, elements, text
from integration.fhir.systems import Json


def deletion(reference: str) -> Json:
    """What is stored in place of the resource that cannot be read any more."""
    entry = {"request": {"method": "DELETE", "url": reference}}
    return {"resourceType": "Bundle", "type": "history", "entry": [entry]}


def deleted_references(bundle: Any) -> tuple[str, ...]:
    """References of the entries of a history that are deletions."""
    requests = [element(entry, "request") for entry in elements(bundle, "entry")]
    return tuple(text(each, "url") for each in requests if text(each, "method") == "DELETE" and text(each, "url"))
