"""What a sentence about a chest or a head shows, and what it does not: names, verbs, sizes, and look-alikes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from tests.unit.reading.rules.conftest import LIBRARY, PLAIN

# Lines of `catalogue`, `text`, `shown` (finding: status; nothing else is) and `may` (shown or not).
_FILE = Path(__file__).parents[1] / "data" / "chest_and_head.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]
_PROCEDURES = {"chest_xray": "XR CHEST", "chest_ct": "CT CHEST", "head_ct": "CT HEAD", "brain_mr": "MRI BRAIN"}


@pytest.mark.parametrize("case", _CASES, ids=[f"{case['catalogue']}-{case['text'][:40]}" for case in _CASES])
def test_a_sentence_shows_what_it_says_and_nothing_else(case: dict[str, Any]) -> None:
    exam = case["catalogue"]
    question = Question(text=case["text"], catalogue=LIBRARY.catalogues[exam], procedure=_PROCEDURES[exam])
    found = PLAIN.read(question).verdicts
    shown = {each.finding.id: each.status for each in found if each.shown and each.grade}
    assert {name: status for name, status in shown.items() if name not in case.get("may", ())} == case["shown"]
