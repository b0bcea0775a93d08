"""Addenda, preliminary reads, retractions: the later word holds."""

from __future__ import annotations

import pytest

from tests.unit.reading.rules.conftest import Ask


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        (
            "IMPRESSION: No fracture. Electronically signed by Dr X. "
            "ADDENDUM (Dr Y, 16:20): there is a radial neck fracture.",
            "radial neck fracture",
            "present",
        ),
        ("FINDINGS: Small pneumothorax.\nAddendum by Dr. A. Rao 3/4/2024: No pneumothorax.", "pneumothorax", "absent"),
        ("FINDINGS: No effusion.\nADDENDUM #2 (10:15): Small left pleural effusion.", "pleural effusion", "present"),
        ("No calculus. Signed: Dr B.\n\nADDENDUM\nThere is a 3 mm renal stone.", "renal stone", "present"),
        ("No bleed.\nCORRECTION: There is a small subdural hematoma.", "subdural hematoma", "present"),
        (
            "FINDINGS: Small right renal calculus.\nADDENDUM: What was termed a calculus is a vascular calcification.",
            "renal stone",
            "absent",
        ),
        (
            "ADDENDUM: No pneumothorax is seen.\n\nORIGINAL REPORT\nFINDINGS: Small pneumothorax. Left effusion.",
            "pneumothorax",
            "absent",
        ),
    ],
)
def test_an_addendum_overrides_wherever_it_stands(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("PRELIM: Free gas under the diaphragm. FINAL: Interposed colon. No free gas.", "pneumoperitoneum", "absent"),
        (
            "PRELIMINARY REPORT: Free gas under the diaphragm.\nFINAL REPORT: The lucency is colon. No free gas.",
            "pneumoperitoneum",
            "absent",
        ),
        ("WET READ: Left pneumothorax.\nFINAL READ: Agree. Also a small effusion.", "pneumothorax", "present"),
        (
            "WET READ: Large pneumothorax.\nFINAL REPORT\nFINDINGS: Skin fold.\nIMPRESSION: Clear lungs.",
            "pneumothorax",
            "not_mentioned",
        ),
        ("RESIDENT READ: No fracture.\nATTENDING READ: There is a scaphoid fracture.", "scaphoid fracture", "present"),
        ("Preliminary read: Hydronephrosis.\nFinal read: No hydronephrosis. Cyst.", "hydronephrosis", "absent"),
    ],
)
def test_the_final_read_holds_against_the_preliminary_one(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("FINDINGS: The supposed ureteral calculus is a phlebolith.", "ureteral stone", "absent"),
        ("FINDINGS: The lucency described as a pneumothorax is a bulla.", "pneumothorax", "absent"),
        ("FINDINGS: The mass is in fact a simple renal cyst.", "renal cyst", "present"),
        ("FINDINGS: The line reported as a fracture represents a nutrient vessel.", "fracture", "absent"),
        ("FINDINGS: The previously questioned pneumothorax turns out to be a skin fold.", "pneumothorax", "absent"),
        ("FINDINGS: Skin fold mimicking a pneumothorax.", "pneumothorax", "absent"),
        ("FINDINGS: The pleural effusion previously described is unchanged.", "pleural effusion", "present"),
        ("FINDINGS: The nodule described as a granuloma is stable.", "lung nodule", "present"),
    ],
)
def test_what_something_was_taken_for_is_denied(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("IMPRESSION:\n1. Pneumothorax.\n2. Cardiomegaly.\nADDENDUM: Item 1 is retracted.", "pneumothorax", "gone"),
        ("IMPRESSION:\n1. Pneumothorax.\n2. Cardiomegaly.\nADDENDUM: Item 1 is retracted.", "cardiomegaly", "present"),
        ("IMPRESSION:\n1) Gallstones.\n2) Ascites.\nADDENDUM: Please disregard impression 2.", "ascites", "gone"),
        ("IMPRESSION:\n1. Ileus.\n2. Renal stone.\nADDENDUM: Point 2 was dictated in error.", "renal stone", "gone"),
        (
            "FINDINGS: Liver metastases.\nADDENDUM: This report was filed under the wrong patient.",
            "liver metastases",
            "gone",
        ),
    ],
)
def test_what_is_retracted_is_not_asserted(ask: Ask, text: str, name: str, status: str) -> None:
    said = ask(text, name).status
    assert said == status or (status == "gone" and said in ("not_mentioned", "absent"))
