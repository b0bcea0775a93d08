"""What a doubt, an alternative or an operation speaks of: device, lesion and wall are there all the same."""

from __future__ import annotations

import pytest

from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY

_CASES = [
    # What became of a device is open, not the device.
    ("msk_xray", "Total knee replacement in situ. ?Loose right tibial component.", "orthopedic_hardware", "present"),
    ("msk_xray", "Findings concerning for loosening of the femoral prosthesis.", "orthopedic_hardware", "present"),
    ("mammography", "Possible left implant rupture.", "breast_implant", "present"),
    ("mammography", "Suspected rupture of the right implant.", "breast_implant", "present"),
    ("chest_xray", "Possible chest tube on the left.", "chest_tube", "uncertain"),
    # Two names of one finding.
    ("chest_xray", "Small left effusion or hemothorax.", "pleural_effusion", "present"),
    ("chest_ct", "Right pleural effusion or empyema.", "pleural_effusion", "present"),
    ("chest_xray", "Atelectasis or consolidation at the left base.", "atelectasis", "uncertain"),
    # A lesion of the findings is one, whatever the impression takes it for.
    (
        "abdomen_ct",
        "FINDINGS: Two lesions in the right lobe of the liver.\nIMPRESSION: Probable hemangiomas of the liver.",
        "liver_lesion",
        "present",
    ),
    (
        "abdomen_ct",
        "FINDINGS: Small lesion in the liver.\nIMPRESSION: Possible liver lesion.",
        "liver_lesion",
        "uncertain",
    ),
    # A cause, and what follows from it.
    (
        "abdomen_ct",
        "Wall thickening of the ascending colon, portal colopathy favored.",
        "bowel_wall_thickening",
        "present",
    ),
    (
        "abdomen_ct",
        "There is thickening of a loop of jejunum, so that perforation must be considered.",
        "bowel_wall_thickening",
        "present",
    ),
    ("abdomen_ct", "Thickening of the sigmoid colon, favored.", "bowel_wall_thickening", "uncertain"),
    # What an operation was for.
    ("mammography", "Right lumpectomy and radiotherapy 2016 for DCIS.", "breast_malignancy", "not_mentioned"),
    ("mammography", "Left mastectomy for carcinoma. Right breast unremarkable.", "breast_malignancy", "not_mentioned"),
    ("mammography", "Left breast carcinoma.", "breast_malignancy", "present"),
    # What is physiologic.
    ("chest_ct", "Trace pericardial fluid, physiologic.", "pericardial_effusion", "not_mentioned"),
    ("chest_ct", "Physiological pericardial fluid.", "pericardial_effusion", "not_mentioned"),
    ("chest_ct", "Small pericardial effusion.", "pericardial_effusion", "present"),
    # Dorsal vertebrae, and words written as one.
    ("spine_mr", "D7 compression fracture, old.", "vertebral_compression_fracture", "present"),
    ("chest_ct", "Multiple enlarged mediastinal lymphnodes.", "mediastinal_lymphadenopathy", "present"),
]


@pytest.mark.parametrize(("catalogue", "text", "finding", "status"), _CASES, ids=[case[1][:60] for case in _CASES])
def test_only_what_is_doubted_is_open(catalogue: str, text: str, finding: str, status: str) -> None:
    found = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[catalogue])).verdicts
    assert next(each.status for each in found if each.finding.id == finding).value == status
