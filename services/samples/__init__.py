"""Sample reports of our own writing, as a RIS and a FHIR server send them. Every name in them is fictional."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def hl7() -> list[tuple[str, bytes]]:
    """(name, message) of each HL7 sample, segments ended by CR."""
    return [(name, text.replace("\n", "\r").encode()) for name, text in _read(".hl7")]


def fhir() -> list[tuple[str, str]]:
    """(name, JSON) of each FHIR sample: a transaction Bundle of Patient, ServiceRequest and DiagnosticReport."""
    return _read(".json")


def entries(bundle: str) -> list[dict[str, Any]]:
    """The entries of a FHIR sample."""
    return list(json.loads(bundle)["entry"])


def _read(ending: str) -> list[tuple[str, str]]:
    entries = sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
    return [(entry.name, entry.read_text("utf-8")) for entry in entries if entry.name.endswith(ending)]
