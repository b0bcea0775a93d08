"""The form of a model's answer as JSON Schema: one object keyed by candidate id.

The same for every call about the same candidates, whether asked first, again or under votes: a server keeps
each grammar that it ever compiled. Only what SGLang, vLLM, OpenAI's strict mode and llama.cpp all take: every
key required, no other allowed, local references, no bounds of length. `parse_answer` holds the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from integration.canonical import Change, Side, Status
from services.reading.reader import Candidate

NONE = "none"


class Discrepancy(StrEnum):
    """What disagrees with what."""

    LATERALITY = "laterality"
    FINDINGS_IMPRESSION = "findings_impression"
    SEX = "sex"
    AGE = "age"
    ORDER = "order"
    INCOMPLETE = "incomplete"


def answer_schema(candidates: Sequence[Candidate]) -> dict[str, Any]:
    """JSON Schema 2020-12 of the answer about these candidates, its keys in their order."""
    kinds = {True: "sided", False: "finding"}
    used = dict.fromkeys(kinds[one.sides] for one in candidates)
    findings = {one.finding.id: {"$ref": f"#/$defs/{kinds[one.sides]}"} for one in candidates}
    forms = {"sided": _said(sides=True), "finding": _said(sides=False)}
    return _object({"findings": _object(findings), **_remarks()}) | {"$defs": {name: forms[name] for name in used}}


def _said(*, sides: bool) -> dict[str, Any]:
    """null for not_mentioned, or what is said. Quotes come first: the status is chosen with the passage in view."""
    stated = [status.value for status in Status if status is not Status.NOT_MENTIONED]
    side = {"side": _enum([side.value for side in Side] + [NONE])} if sides else {}
    said = _object(
        {
            "quotes": _list_of(_TEXT),
            "status": _enum(stated),
            **side,
            "change": _enum([change.value for change in Change] + [NONE]),
        }
    )
    return {"anyOf": [{"type": "null"}, said]}


def _remarks() -> dict[str, Any]:
    quote = {"quote": _TEXT}
    kinds = _enum([kind.value for kind in Discrepancy])
    return {
        "critical_results": _list_of(_object({**quote, "communicated": {"type": "boolean"}})),
        "follow_up": _list_of(_object({**quote, "modality": _TEXT, "interval": _TEXT})),
        "discrepancies": _list_of(_object({"type": kinds, **quote})),
        "suspicious_instructions": _list_of(_object(quote)),
    }


_TEXT = {"type": "string"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _enum(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
