"""Grades: what a suggestion rests on, how often that was right, and what is folded away for it."""

from __future__ import annotations

import pytest

from integration.canonical import Status, Verdict
from services.reading.catalogue import load
from services.reading.grades import ENOUGH, Grade, grades, holds, told
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader

LIBRARY = load()


def verdict(text: str, exam: str, finding: str, threshold: float = 0.9) -> Verdict:
    """What the rules say of one finding of the exam's whole catalogue."""
    reading = RulesReader(threshold).read(Question(text=text, catalogue=LIBRARY.catalogues[exam]))
    return next(each for each in reading.verdicts if each.finding.id == finding)


def test_a_grade_shows_by_its_precision_and_too_few_hide_nothing_that_may_be_right() -> None:
    assert Grade("many", "", 98, 100).holds(0.9)
    assert Grade("many", "", 89, 100).holds(0.9)
    assert not Grade("many", "", 80, 100).holds(0.9)
    assert Grade("few", "", 9, 10).holds(0.9)
    assert not Grade("few", "", 5, 12).holds(0.9)
    assert Grade("none", "", 0, 0).holds(0.9)


def test_what_ships_was_counted_and_the_plainest_grade_on_enough() -> None:
    known = grades()
    assert all(0 <= each.right <= each.total for each in known.values())
    assert known["named"].total >= ENOUGH
    assert holds("named", 0.9)
    assert told("named") == f"right in {known['named'].right} of {known['named'].total}"
    assert told("") == "unmeasured"
    assert holds("", 0.99)


@pytest.mark.parametrize(
    ("text", "exam", "finding", "grade"),
    [
        ("Small right pleural effusion.", "chest_xray", "pleural_effusion", "named"),
        ("Possible small right pleural effusion.", "chest_xray", "pleural_effusion", "hedged"),
        ("The gallbladder wall is thickened.", "abdomen_ct", "cholecystitis", "sign"),
        ("Acute subdural hematoma on the left.", "head_ct", "subdural_hematoma", "named"),
        ("Left adrenal is thickened without a discrete nodule.", "abdomen_ct", "adrenal_nodule", "borrowed"),
        ("Tibial IM nail with the distal locking bolt snapped.", "msk_xray", "hardware_complication", "borrowed"),
        ("Dilated CBD, choledocholithiasis not excluded.", "abdomen_us", "choledocholithiasis", "doubtful"),
        ("Possible small right basal consolidation. No consolidation.", "chest_xray", "consolidation", "doubtful"),
        ("Possible pneumothorax.", "chest_xray", "pneumothorax", "hedged"),
        ("Spiculated nodule of the right upper lobe, suspicious for malignancy.", "chest_ct", "lung_mass", "hedged"),
    ],
)
def test_a_suggestion_carries_how_it_was_decided(text: str, exam: str, finding: str, grade: str) -> None:
    assert verdict(text, exam, finding).grade == grade


def test_a_grade_below_the_setting_is_folded_and_stays_in_the_answer() -> None:
    folded = verdict("The gallbladder wall is thickened.", "abdomen_ct", "cholecystitis", threshold=0.9)
    assert folded.status is Status.PRESENT
    assert not folded.shown
    assert verdict("The gallbladder wall is thickened.", "abdomen_ct", "cholecystitis", threshold=0.2).shown


@pytest.mark.parametrize("grade", ["borrowed", "doubtful", "sign", "contradicted"])
def test_what_is_wrong_too_often_is_folded(grade: str) -> None:
    assert not holds(grade, 0.9)


@pytest.mark.parametrize("grade", ["named", "named-apart", "hedged"])
def test_what_is_right_nearly_always_is_shown(grade: str) -> None:
    assert holds(grade, 0.9)


def test_what_is_no_suggestion_has_no_grade() -> None:
    assert verdict("No pleural effusion.", "chest_xray", "pleural_effusion").grade == ""


def test_a_parent_stays_behind_the_child_that_says_the_same() -> None:
    text = "FINDINGS: Acute right subdural hematoma.\nIMPRESSION: Acute intracranial hemorrhage."
    assert verdict(text, "head_ct", "subdural_hematoma").shown
    assert not verdict(text, "head_ct", "intracranial_hemorrhage").shown


def test_a_parent_with_something_of_its_own_is_shown() -> None:
    text = "Fracture of the left eighth rib. Old fracture of the right clavicle."
    assert verdict(text, "chest_xray", "rib_fracture").shown
    assert verdict(text, "chest_xray", "fracture").shown
