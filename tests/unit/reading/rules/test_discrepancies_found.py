"""What contradicts itself, its order or its patient is remarked on; two lesions, two sides and relatives are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY

# Lines of a question's fields, with `catalogue` by id, and `types`: of each discrepancy.
_FILE = Path(__file__).parents[1] / "data" / "discrepancies.jsonl"
_CASES = [json.loads(line) for line in _FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", _CASES, ids=[case["text"][:60] for case in _CASES])
def test_only_what_does_not_fit_is_a_discrepancy(case: dict[str, Any]) -> None:
    asked = {key: value for key, value in case.items() if key != "types"}
    question = Question.model_validate({**asked, "catalogue": LIBRARY.catalogues[case["catalogue"]]})
    found = [each.detail["type"] for each in RulesReader().read(question).advisories if each.kind == "discrepancy"]
    assert found == case["types"]
