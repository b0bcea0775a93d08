"""`countersign read`: a line in, a line out, nothing renamed, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.evaluation.batch import BatchError, answers, read_file
from services.reading.catalogue import load
from services.reading.rules.reader import RulesReader

LIBRARY = load()
READER = RulesReader()


def test_every_candidate_is_answered_in_order_under_the_name_given() -> None:
    names = ["Cardiomegaly", "pleural_effusion", "left pleural effusion", "Zebra sign", "Cardiomegaly", "???"]
    text = "FINDINGS: The heart is\nenlarged. No pleural effusion."
    line = json.dumps({"id": "r1", "text": text, "candidates": names, "modality": "CR", "unknown": 1})

    (answer,) = answers([line, "\n"], READER, LIBRARY)

    assert answer["id"] == "r1"
    assert [finding["finding"] for finding in answer["findings"]] == names
    assert [finding["status"] for finding in answer["findings"]] == [
        "present",
        "absent",
        "absent",
        "not_mentioned",
        "present",
        "not_mentioned",
    ]
    assert all(quote in text for finding in answer["findings"] for quote in finding["evidence"])


def test_line_breaks_of_the_report_stay_in_the_evidence(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"id": 7, "text": "The heart is\nenlarged.", "candidates": ["cardiomegaly"]}) + "\n")

    assert read_file(source, target, READER, LIBRARY) == 1
    assert json.loads(target.read_text()) == {
        "id": 7,
        "findings": [{"finding": "cardiomegaly", "status": "present", "evidence": ["The heart is\nenlarged."]}],
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: a JSON object"),
        ('{"id": 1, "candidates": []}', '"text"'),
        ('{"id": 1, "text": "x", "candidates": "y"}', '"candidates" must be a list'),
    ],
)
def test_a_bad_line_is_named_by_number_and_never_quoted(line: str, reason: str) -> None:
    with pytest.raises(BatchError) as error:
        list(answers([line], READER, LIBRARY))

    assert reason in str(error.value)
