"""Parent and child from two readers are one decision, unless the parent says more than its child."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from integration.canonical import Engine, Quote, Side, Status, Verdict
from services.reading.catalogue import load
from services.reading.catalogue.choice import Exam
from services.reading.reader import Question, Reading, Usage
from services.reading.rules.reader import RulesReader
from services.workflow.parents import folded

PRESENT, UNCERTAIN = Status.PRESENT, Status.UNCERTAIN


@dataclass(frozen=True)
class Case:
    """A report, what a model says of it (finding, status, words, side), and what is left of that to decide."""

    exam: Exam
    text: str
    model: tuple[tuple[str, Status, str, Side | None], ...]
    left: set[str]


CHEST, HEAD = Exam("", "XR CHEST 2 VIEWS", "DX"), Exam("", "CT HEAD WITHOUT CONTRAST", "CT")
TUBE = "FINDINGS:\nAn endotracheal tube projects 4 cm above the carina.\nIMPRESSION:\nTube as described.\n"
BLEED = "FINDINGS:\nAcute left subdural hematoma, 11 mm.\nIMPRESSION:\nLeft subdural hematoma.\n"
LUNG = "FINDINGS:\nRight lower lobe pneumonia. Hazy opacity in the left upper lobe.\nIMPRESSION:\nPneumonia.\n"
SURE = "FINDINGS:\nRight lower lobe pneumonia. The heart is normal.\nIMPRESSION:\nPneumonia.\n"
CASES = {
    "a child by the rules, the parent by the model": Case(
        CHEST, TUBE, (("support_devices", PRESENT, "An endotracheal tube projects", None),), set()
    ),
    "both by the model": Case(
        CHEST, TUBE,
        (("support_devices", PRESENT, "endotracheal tube", None),
         ("endotracheal_tube", PRESENT, "An endotracheal tube projects 4 cm above the carina.", None)),
        {"endotracheal_tube"},
    ),
    "a critical parent of a critical child, of the same side": Case(
        HEAD, BLEED, (("intracranial_hemorrhage", PRESENT, "left subdural hematoma", Side.LEFT),), set()
    ),
    "a parent hedged where its child is sure": Case(
        CHEST, SURE, (("lung_opacity", UNCERTAIN, "Right lower lobe pneumonia", None),), set()
    ),
    "in words of which the rules make nothing": Case(
        CHEST, SURE, (("lung_opacity", PRESENT, "The heart is normal.", None),), {"lung_opacity"}
    ),
    "in other words": Case(
        CHEST, LUNG, (("lung_opacity", PRESENT, "Hazy opacity in the left upper lobe.", Side.LEFT),), {"lung_opacity"}
    ),
    "in words of its own beside those of its child": Case(
        CHEST, LUNG, (("lung_opacity", PRESENT, "lower lobe pneumonia. Hazy opacity", Side.LEFT),), {"lung_opacity"}
    ),
    "of another side": Case(
        HEAD, BLEED, (("intracranial_hemorrhage", PRESENT, "subdural hematoma", Side.RIGHT),),
        {"intracranial_hemorrhage"},
    ),
    "without words": Case(
        HEAD, BLEED, (("intracranial_hemorrhage", PRESENT, "", None),), {"intracranial_hemorrhage"}
    ),
    "a parent the model denies": Case(
        CHEST, TUBE, (("support_devices", Status.ABSENT, "endotracheal tube", None),), {"support_devices"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_parent_in_the_words_of_its_child_asks_for_no_decision(name: str) -> None:
    case = CASES[name]
    catalogue = load().choose_for([case.exam])
    exam = case.exam
    asked = Question(text=case.text, catalogue=catalogue, procedure=exam.procedure, modality=exam.modality)
    rules = RulesReader().read(asked)
    findings = {each.finding.id: each.finding for each in catalogue.candidates}
    verdicts = tuple(
        Verdict(finding=findings[key], status=status, side=side, quotes=_quotes(case.text, words))
        for key, status, words, side in case.model
    )
    model = Reading(engine=Engine(name="model", version="1"), verdicts=verdicts, usage=Usage(seconds=0))
    above = {each.finding.id: each.parent for each in catalogue.candidates if each.parent}
    made = folded(model, rules, above)
    assert {each.finding.id for each in made.verdicts if each.shown} == case.left
    # Nothing of what the model said is lost: it is kept with the reading.
    assert [each.model_copy(update={"shown": True}) for each in made.verdicts] == list(verdicts)


def _quotes(text: str, words: str) -> tuple[Quote, ...]:
    start = text.find(words)
    return (Quote(text=words, start=start, end=start + len(words)),) if words else ()
