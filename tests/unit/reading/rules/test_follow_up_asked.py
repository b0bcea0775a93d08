"""What imaging is asked for, and when: no visit, no guideline that asks for none, no exam that was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY

# Lines of `modality` (of the exam), `text` and `asked`: modality and interval of each request; `plain`: no headings.
_FILE = Path(__file__).parents[1] / "data" / "follow_up.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", _CASES, ids=[case["text"][:60] for case in _CASES])
def test_imaging_is_asked_for_as_worded(case: dict[str, Any]) -> None:
    text = case["text"] if case.get("plain") else f"FINDINGS: No acute abnormality.\n\nIMPRESSION: {case['text']}"
    question = Question(text=text, catalogue=LIBRARY.catalogues["general"], modality=case["modality"])
    found = [each.detail for each in RulesReader().read(question).advisories if each.kind == "follow_up"]
    assert [[each["modality"], each["interval"]] for each in found] == case["asked"]
