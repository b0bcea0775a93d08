"""What is asked, and what is told of the patient, is not found in the exam."""

from __future__ import annotations

import pytest

from tests.unit.reading.rules.conftest import Ask


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Pneumothorax?", "pneumothorax", "not_mentioned"),
        ("? pneumothorax", "pneumothorax", "not_mentioned"),
        ("?PE\nNo filling defect in the pulmonary arteries.", "pulmonary embolism", "absent"),
        ("Fall on outstretched hand. Scaphoid fracture?\nNo bony injury is seen.", "scaphoid fracture", "absent"),
        ("Cough 3/52. ? consolidation\nThe lungs are clear.", "consolidation", "absent"),
        ("Is there a pleural effusion?\nThere is a small left pleural effusion.", "pleural effusion", "present"),
    ],
)
def test_a_clinical_question_before_the_findings_asserts_nothing(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("FINDINGS: Patchy right basal shadowing. Early pneumonia?", "pneumonia", "uncertain"),
        ("FINDINGS: Step in the radial neck. Undisplaced fracture?", "fracture", "uncertain"),
        ("FINDINGS: Blunted left angle. Small effusion?", "pleural effusion", "uncertain"),
        ("FINDINGS: Gallstones? No.", "gallstones", "absent"),
        ("FINDINGS: Hydronephrosis? None.", "hydronephrosis", "absent"),
        ("FINDINGS: Free fluid? Yes, small volume in the pelvis.", "free fluid", "present"),
        ("FINDINGS: Midline shift? Not seen. Ventricles normal.", "midline shift", "absent"),
    ],
)
def test_a_question_among_the_findings_is_open_or_answered(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("58 year old woman with breast cancer. The lungs are clear.", "breast malignancy"),
        ("A 71-year-old man presenting with suspected pulmonary embolism.\nNormal study.", "pulmonary embolism"),
        ("___ year old man with pneumothorax, assess tube.\nThe heart is normal.", "pneumothorax"),
        ("44F with left pleural effusion for follow up.\nHeart size normal.", "pleural effusion"),
        ("Known case of renal calculi.\nThe kidneys are normal in size.", "renal stone"),
        ("The patient was admitted with a subdural hematoma.\nVentricles are normal.", "subdural hematoma"),
        ("RELEVANT CLINICAL DETAILS: known liver metastases\nThe spleen is normal.", "liver metastases"),
        ("PRE-PROCEDURE DIAGNOSIS: Hydronephrosis\nFINDINGS: The bladder is normal.", "hydronephrosis"),
        ("CLINICAL NOTES: ascites\nFINDINGS: The spleen is normal.", "ascites"),
    ],
)
def test_a_history_told_in_prose_asserts_nothing(ask: Ask, text: str, name: str) -> None:
    assert ask(text, name).status in ("not_mentioned", "absent")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("IMPRESSION: 63-year-old man with acute pulmonary embolism as described.", "pulmonary embolism"),
        ("FINDINGS: The patient is rotated. There is a left pleural effusion.", "pleural effusion"),
        ("52 year old woman, the chest radiograph shows a left pleural effusion.", "pleural effusion"),
        ("CHEST, TWO VIEWS: Small right pleural effusion.", "pleural effusion"),
        ("COMPARISON: None.\nPORTABLE AP CHEST RADIOGRAPH: A right pleural effusion is new.", "pleural effusion"),
        ("INDICATION: cough\nXR CHEST PA AND LATERAL VIEWS:\nLeft basal pleural effusion.", "pleural effusion"),
        ("HISTORY: fall.\nLEFT WRIST, THREE VIEWS: Fracture of the distal radius.", "fracture"),
    ],
)
def test_what_the_exam_shows_is_told_under_any_name(ask: Ask, text: str, name: str) -> None:
    assert ask(text, name).status == "present"
