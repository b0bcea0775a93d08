"""Each finding is suggested by many wordings of it, as different hands write them, with its side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from tests.unit.reading.rules.conftest import LIBRARY, PLAIN

# Lines of `catalogue`, `finding`, `status`, `side` (null: not looked at) and `texts`, each of which says it.
_FILE = Path(__file__).parents[1] / "data" / "wordings.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]


def _is_suggested(case: dict[str, Any], text: str) -> bool:
    found = PLAIN.read(Question(text=text, catalogue=LIBRARY.catalogues[case["catalogue"]])).verdicts
    said = next(each for each in found if each.finding.id == case["finding"])
    return said.status == case["status"] and said.shown and case["side"] in (None, said.side)


@pytest.mark.parametrize("case", _CASES, ids=[f"{case['catalogue']}-{case['finding']}" for case in _CASES])
def test_a_finding_is_suggested_by_every_wording_of_it(case: dict[str, Any]) -> None:
    assert [text for text in case["texts"] if not _is_suggested(case, text)] == []
