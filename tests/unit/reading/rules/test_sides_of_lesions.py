"""The side of each finding is that of its own lesion: by phrase, label, list, the sentence before; no neighbour's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY

_SUGGESTED = ("present", "uncertain")
# Lines of `catalogue`, `text` and `sides`: finding → its side, null for none, or the status of what is no suggestion.
_FILE = Path(__file__).parents[1] / "data" / "sides.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]


def _sides(catalogue: str, text: str) -> dict[str, str | None]:
    """The side of each finding that is suggested; of the others their status."""
    found = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[catalogue])).verdicts
    return {each.finding.id: each.side if each.status in _SUGGESTED else each.status.value for each in found}


@pytest.mark.parametrize("case", _CASES, ids=[case["text"][:60] for case in _CASES])
def test_each_finding_takes_the_side_of_its_own_lesion(case: dict[str, Any]) -> None:
    said = _sides(case["catalogue"], case["text"])
    assert {name: said[name] for name in case["sides"]} == case["sides"]
