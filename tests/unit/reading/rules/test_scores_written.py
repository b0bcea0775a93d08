"""Scores are told as the report writes them, in whatever notation; what only looks like one is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY

# Lines of `text` and `scores`: scale and value of each.
_FILE = Path(__file__).parents[1] / "data" / "scores.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", _CASES, ids=[case["text"][:60] for case in _CASES])
def test_scores_are_told_as_written(case: dict[str, Any]) -> None:
    text = f"FINDINGS: No acute abnormality.\n\nIMPRESSION: {case['text']}"
    question = Question(text=text, catalogue=LIBRARY.catalogues["general"])
    found = [each.detail for each in RulesReader().read(question).advisories if each.kind == "score"]
    assert [f"{each['scale']} {each['value']}".strip() for each in found] == case["scores"]
