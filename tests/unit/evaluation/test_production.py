"""A line without candidates is read as production reads it."""

from __future__ import annotations

import json

import pytest

from integration.canonical import AdvisoryKind, Sex, Side
from services.evaluation.batch import BatchError, answers
from services.evaluation.production import exam_of, question_of
from services.reading.catalogue import load
from services.reading.reader import Question, Reading
from services.reading.rules.reader import RulesReader

LIBRARY = load()
RULES = RulesReader()
CHEST = {
    "id": "r1",
    "text": "FINDINGS: Large left pneumothorax. No pleural effusion. Dr Osei was called at 10:20.",
    "procedure": "XR CHEST PA AND LATERAL",
    "modality": "CR",
    "body_part": "CHEST",
    "sex": "F",
    "age": 50,
    "order_side": "",
}


def test_the_whole_catalogue_of_the_exam_is_answered() -> None:
    (answer,) = answers([json.dumps(CHEST)], RULES, LIBRARY)

    assert (answer["id"], answer["catalogue"], answer["unread"]) == ("r1", "chest_xray", "")
    assert answer["asked"] == len(LIBRARY.catalogues["chest_xray"].candidates)
    (found,) = answer["suggestions"]
    assert found | {"grade": "", "why": ""} == {
        "finding": "pneumothorax",
        "name": "Pneumothorax",
        "status": "present",
        "side": "left",
        "level": None,
        "critical": True,
        "grade": "",
        "shown": True,
        "parent": None,
        "evidence": ["Large left pneumothorax."],
        "why": "",
    }
    assert found["grade"] and found["why"]
    assert "pleural_effusion" in answer["absent"]
    (told,) = answer["advisories"]
    assert told["kind"] == AdvisoryKind.CRITICAL_RESULT
    assert told["detail"] == {"finding": "pneumothorax", "communicated": "yes"}
    assert told["evidence"][1] == "Dr Osei was called at 10:20."


def test_the_order_is_told_to_the_reader() -> None:
    section = {"kind": "history", "start": 0, "end": 9}
    exam = exam_of({**CHEST, "sex": "male", "order_side": "Right", "procedure": None, "sections": [section]})
    question = question_of(exam, LIBRARY)

    assert (question.sex, question.age_years, question.order_side) == (Sex.MALE, 50, Side.RIGHT)
    assert (question.sections[0].end, question.procedure, question.body_site) == (9, "", "CHEST")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("L4/5: large disc extrusion.", "L4-L5"),
        ("Compression fracture of T12.", "T12"),
        ("Disc bulges at L3-4 and L4-5.", None),
    ],
)
def test_a_suggestion_names_the_one_level_of_its_words(text: str, level: str | None) -> None:
    item = {
        "id": 1,
        "text": f"FINDINGS: {text}",
        "procedure": "MRI LUMBAR SPINE",
        "modality": "MR",
        "body_part": "SPINE",
    }
    (answer,) = answers([json.dumps(item)], RULES, LIBRARY)
    assert level in [each["level"] for each in answer["suggestions"]]


@pytest.mark.parametrize(
    ("field", "value"), [("sex", "banana"), ("age", -1), ("order_side", "up"), ("sections", [{"kind": "x"}])]
)
def test_a_field_nobody_can_use_is_named_with_its_line_and_never_quoted(field: str, value: object) -> None:
    with pytest.raises(BatchError, match=f"line 2: {field}") as error:
        list(answers(["", json.dumps({**CHEST, field: value})], RULES, LIBRARY))
    assert "banana" not in str(error.value) and "pneumothorax" not in str(error.value)


class _Silent:
    """A reader that mentions nothing."""

    engine = RULES.engine.model_copy(update={"name": "silent"})

    def read(self, question: Question) -> Reading:
        empty = RULES.read(question.model_copy(update={"text": "Reviewed with the team.", "sections": ()}))
        return empty.model_copy(update={"engine": self.engine})


def test_a_reader_answers_alone_unless_the_rules_are_to_join_it() -> None:
    line = json.dumps(CHEST)
    (alone,) = answers([line], _Silent(), LIBRARY)
    (both,) = answers([line], _Silent(), LIBRARY, RULES)
    (rules,) = answers([line], RULES, LIBRARY, RULES)

    assert (alone["suggestions"], alone["advisories"]) == ([], [])
    assert both == rules
