"""One alarm an event, none for what is known, better or old, and whether somebody was told, however it is worded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.canonical import Advisory
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY

_DATA = Path(__file__).parents[1] / "data"


def _cases(name: str) -> list[Any]:
    return [
        pytest.param(case, id=case["text"][:60])
        for case in map(json.loads, (_DATA / name).read_text("utf-8").splitlines())
    ]


def _alarms(catalogue: str, text: str) -> list[Advisory]:
    found = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[catalogue])).advisories
    return [each for each in found if each.kind == "critical_result"]


@pytest.mark.parametrize("case", _cases("alarms.jsonl"))
def test_only_what_is_new_or_current_raises_an_alarm(case: dict[str, Any]) -> None:
    assert [each.detail["finding"] for each in _alarms(case["catalogue"], case["text"])] == case["alarms"]


@pytest.mark.parametrize("case", [each for each in _cases("alarms.jsonl") if not each.values[0]["alarms"]])
def test_what_raises_no_alarm_is_not_marked_critical(case: dict[str, Any]) -> None:
    question = Question(text=case["text"], catalogue=LIBRARY.catalogues[case["catalogue"]])
    assert [each.finding.id for each in RulesReader().read(question).verdicts if each.alarming and each.shown] == []


@pytest.mark.parametrize("case", _cases("calls.jsonl"))
@pytest.mark.parametrize("between", [" ", "\n\n"], ids=["in the impression", "below it"])
def test_a_call_counts_however_it_is_told(case: dict[str, Any], between: str) -> None:
    report = "CT HEAD\n\nFINDINGS: Acute left subdural hematoma, 9 mm.\n\nIMPRESSION: Acute left subdural hematoma."
    found = [each.detail for each in _alarms("head_ct", report + between + case["text"])]
    assert found == [{"finding": "subdural_hematoma", "communicated": case["communicated"]}]


@pytest.mark.parametrize(
    ("catalogue", "text", "alarms"),
    [
        ("head_ct", "Acute right thalamic hemorrhage with 6 mm of leftward midline shift. Early hydrocephalus.", 1),
        ("head_ct", "Acute left subdural hematoma. Left to right shift of 9 mm. Left uncal herniation.", 1),
        ("chest_ct", "Bilateral pulmonary emboli.\nThe right ventricle is dilated: right heart strain.", 1),
        ("spine_mr", "Cord compression at T8. Cord signal abnormality from T7 to T9.", 1),
        ("chest_ct", "Pulmonary embolism in the left lower lobe. Type A aortic dissection.", 2),
    ],
)
def test_what_follows_from_an_event_is_one_event_with_it(catalogue: str, text: str, alarms: int) -> None:
    assert len(_alarms(catalogue, text)) == alarms


def test_a_call_an_addendum_tells_of_before_its_new_finding_is_of_another() -> None:
    text = (
        "CHEST AP\n\nFINDINGS: ETT 2 cm above the carina.\n\nIMPRESSION: Tubes as described.\n\nADDENDUM: The tip of"
        " the tube is in the right main bronchus. Called to the ICU fellow 06:55. In addition there is a small left"
        " pneumothorax."
    )
    assert [each.detail["communicated"] for each in _alarms("chest_xray", text)] == ["no"]


@pytest.mark.parametrize("said", ["discussed with the patient", "reviewed with the patient today"])
def test_a_patient_is_told_of_her_breast_and_of_nothing_else(said: str) -> None:
    told = _alarms("mammography", f"Mass in the left breast, highly suggestive of malignancy. Findings {said}.")
    other = _alarms("chest_xray", f"Large left pneumothorax. Findings {said}.")
    assert [each.detail["communicated"] for each in told + other] == ["yes", "no"]
