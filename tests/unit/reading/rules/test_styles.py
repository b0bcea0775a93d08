"""How departments write: short forms, one-line histories, pairs of sides, what is only described, what is denied."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict

Ask = Callable[[str, str], Verdict]


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("US RENAL\nHx: AKI\nNo hydro. Small cyst R kidney.", "hydronephrosis", "absent"),
        ("L ANKLE\nHx: fall, r/o fx\nFx lat malleolus.", "lateral malleolus fracture", "present"),
        ("CT CHEST\nHistory: cough and\nfever. Pneumonia last year.\nLungs are clear.", "pneumonia", "absent"),
    ],
)
def test_the_line_after_a_one_line_history_tells_findings(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("No hydro on R. Mild L hydro.", "right hydronephrosis", "absent"),
        ("No hydro on R. Mild L hydro.", "left hydronephrosis", "present"),
        ("Bilateral effusions, R > L.", "right pleural effusion", "present"),
        ("Acute L popliteal DVT.", "left deep vein thrombosis", "present"),
        ("Partial SBO.", "small bowel obstruction", "present"),
        ("The anterior cruciate ligament is intact.", "ACL tear", "absent"),
        ("Complete rupture of the anterior cruciate ligament.", "ACL tear", "present"),
        ("The lateral collateral ligament is intact.", "ACL tear", "not_mentioned"),
    ],
)
def test_short_forms_and_letters_for_sides(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize("name", ["right L5-S1 foraminal stenosis", "left L5-S1 foraminal stenosis"])
def test_two_sides_of_different_grade_are_both(ask: Ask, name: str) -> None:
    assert ask("L5-S1: Severe right and moderate left foraminal stenosis.", name).status == "present"


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Multiple enhancing brain lesions, most likely metastases.", "intracranial mass", "present"),
        ("Multiple enhancing brain lesions, most likely metastases.", "brain metastases", "uncertain"),
        ("New sclerotic lesion of T6, suspicious for metastasis.", "bone lesion", "present"),
    ],
)
def test_a_lesion_is_there_whatever_it_turns_out_to_be(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Midline structures are not displaced.", "midline shift", "absent"),
        (
            "A previously enlarged subcarinal node now measures 7 mm and is no longer pathologic.",
            "lymphadenopathy",
            "absent",
        ),
        ("Choledocholithiasis is not seen but cannot be excluded.", "choledocholithiasis", "uncertain"),
        ("The arteries are not opacified and cannot be evaluated for emboli.", "pulmonary embolism", "uncertain"),
        ("Lack of contrast precludes evaluation for PE.", "pulmonary embolism", "uncertain"),
        ("A normal CT does not exclude SAH.", "subarachnoid hemorrhage", "not_mentioned"),
        ("Straightening of the normal cervical lordosis.", "loss of lordosis", "present"),
        ("The right kidney is normal without hydronephrosis.", "left hydronephrosis", "not_mentioned"),
        ("No pneumothorax.", "left pleural effusion", "not_mentioned"),
        ("Chest wall: Unremarkable.", "pneumothorax", "not_mentioned"),
        ("There is no bladder stone.", "left ureteral stone", "not_mentioned"),
        ("No evidence of hardware complication.", "orthopedic hardware", "not_mentioned"),
        (
            "The right subclavian line has been withdrawn and now terminates in the SVC.",
            "central venous catheter",
            "present",
        ),
    ],
)
def test_what_is_denied_reopened_or_only_named(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Type B aortic dissection.", "type A aortic dissection", "not_mentioned"),
        ("Type B aortic dissection.", "type B aortic dissection", "present"),
        ("No lumbar canal stenosis.", "thoracic spinal canal stenosis", "not_mentioned"),
        ("Bilateral nasal bone fractures.", "skull fracture", "not_mentioned"),
        ("No fracture of the temporal bone.", "skull fracture", "absent"),
    ],
)
def test_a_type_a_region_and_a_bone_hold_a_finding_to_them(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
