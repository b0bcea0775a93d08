"""What one sentence suggests, and that it suggests nothing else: names of a finding, and what only looks like one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from tests.unit.reading.rules.conftest import LIBRARY, PLAIN

# Lines of `catalogue`, `procedure`, `text`, what is `said` (finding, status and, where it is asked, side) and what may
# be shown `besides` ("*": anything).
_FILE = Path(__file__).parents[1] / "data" / "sentences.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]
_GROUPS = sorted({case["catalogue"] for case in _CASES})


def _shown(case: dict[str, Any]) -> dict[str, tuple[str, str]]:
    catalogue = LIBRARY.catalogues[case["catalogue"]]
    verdicts = PLAIN.read(Question(text=case["text"], catalogue=catalogue, procedure=case["procedure"])).verdicts
    return {
        each.finding.id: (each.status.value, each.side.value if each.side else "")
        for each in verdicts
        if each.shown and each.grade
    }


def _is_right(case: dict[str, Any]) -> bool:
    shown = _shown(case)
    asked = [told.split() for told in case["said"]]
    right = all(list(shown.get(finding, ()))[: len(rest)] == rest for finding, *rest in asked)
    besides = case.get("besides", [])
    return right and ("*" in besides or shown.keys() <= {*besides, *(finding for finding, *_ in asked)})


@pytest.mark.parametrize("catalogue", _GROUPS)
def test_a_sentence_suggests_what_it_says_and_nothing_else(catalogue: str) -> None:
    cases = [case for case in _CASES if case["catalogue"] == catalogue]
    assert [case["text"] for case in cases if not _is_right(case)] == []
