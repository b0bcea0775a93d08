"""One schema for a catalogue: what fits it, and that every server takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from integration.canonical import Finding
from services.reading.answer_schema import answer_schema
from services.reading.catalogue.library import load
from services.reading.reader import Candidate

CANDIDATES = (
    Candidate(finding=Finding(id="effusion", name="Effusion"), sides=True),
    Candidate(finding=Finding(id="cardiomegaly", name="Cardiomegaly")),
)
CATALOGUES = load().catalogues
# What OpenAI documents for its strict mode; SGLang's xgrammar, vLLM and llama.cpp take all of it.
PORTABLE = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs"}


def said(status: str = "present", **more: Any) -> dict[str, Any]:
    return {"quotes": ["a"], "status": status, "side": "none", "change": "none"} | more


def plain(status: str = "present", **more: Any) -> dict[str, Any]:
    return {"quotes": ["a"], "status": status, "change": "none"} | more


def answer(**findings: Any) -> dict[str, Any]:
    kinds = ("critical_results", "follow_up", "discrepancies", "suspicious_instructions")
    return {"findings": findings, **{kind: [] for kind in kinds}}


@pytest.mark.parametrize(
    "whole",
    [
        answer(effusion=said(side="left", change="new"), cardiomegaly=plain("absent")),
        answer(effusion=None, cardiomegaly=None),
        answer(effusion=said(quotes=["a" * 5000] * 9), cardiomegaly=plain("uncertain")),
    ],
)
def test_a_whole_answer_fits(whole: dict[str, Any]) -> None:
    schema = answer_schema(CANDIDATES)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(whole, schema)


@pytest.mark.parametrize(
    "wrong",
    [
        answer(effusion=said()),
        answer(effusion=said(), cardiomegaly=plain(), pneumothorax=plain()),
        answer(effusion=said("maybe"), cardiomegaly=plain()),
        answer(effusion="present", cardiomegaly=plain()),
        answer(effusion=said("not_mentioned"), cardiomegaly=None),
        answer(effusion=said(side="up"), cardiomegaly=plain()),
        answer(effusion=said(), cardiomegaly=said()),
        answer(effusion=said(certain=True), cardiomegaly=plain()),
    ],
)
def test_a_missing_finding_or_another_id_status_side_or_key_does_not_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, answer_schema(CANDIDATES))


@pytest.mark.parametrize("name", CATALOGUES)
def test_findings_stand_in_the_order_of_the_catalogue_and_quotes_before_the_status(name: str) -> None:
    candidates = CATALOGUES[name].candidates
    schema = answer_schema(candidates)
    findings = schema["properties"]["findings"]
    ids = [one.finding.id for one in candidates]
    assert list(findings["properties"]) == findings["required"] == ids
    for form in schema["$defs"].values():
        assert list(form["anyOf"][1]["properties"])[:2] == ["quotes", "status"]


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_object_is_closed_and_complete_and_nothing_is_said_that_a_server_may_not_know(name: str) -> None:
    schema = answer_schema(CATALOGUES[name].candidates)
    for part in parts(schema):
        assert part.keys() <= PORTABLE
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
        for option in part.get("anyOf", []):
            assert "anyOf" not in option


def test_the_same_candidates_have_the_same_schema_to_the_letter() -> None:
    once, again = (json.dumps(answer_schema(CATALOGUES["head_ct"].candidates)) for _ in range(2))
    assert once == again


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each schema inside a schema."""
    yield schema
    inside = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", [])]
    for one in [*inside, *([schema["items"]] if "items" in schema else [])]:
        yield from parts(one)
