"""A finding denied in its clause is absent; a denial ends where its clause ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("CT HEAD FOR TUMOR\n\nThere is no mass.", "intracranial mass", "absent"),
        ("No evidence of pneumothorax.", "pneumothorax", "absent"),
        ("There is no pneumothorax or pleural effusion.", "pleural effusion", "absent"),
        ("Mild degenerative changes without fracture, dislocation, or joint effusion.", "dislocation", "absent"),
        ("Kidneys: 4 mm nonobstructing stone in the left kidney. No hydronephrosis.", "hydronephrosis", "absent"),
        ("No intracranial hemorrhage, mass effect or midline shift.", "midline shift", "absent"),
        ("No suspicious mass, calcifications, or architectural distortion.", "architectural distortion", "absent"),
        ("Pneumothorax: None.", "pneumothorax", "absent"),
        ("Trace pericardial effusion. No pleural effusion.", "pleural effusion", "absent"),
        ("Diverticulosis without diverticulitis.", "diverticulitis", "absent"),
        ("No bowel obstruction, free air, or free fluid.", "pneumoperitoneum", "absent"),
        ("The appendix is not visualized, but there are no secondary signs of appendicitis.", "appendicitis", "absent"),
        ("No lymphadenopathy.", "mediastinal lymphadenopathy", "absent"),
        ("Mediastinal lymph nodes are not enlarged by size criteria.", "mediastinal lymphadenopathy", "absent"),
        ("Cholelithiasis without evidence of acute cholecystitis.", "acute cholecystitis", "absent"),
        ("No DVT in the right leg.", "deep vein thrombosis", "absent"),
    ],
)
def test_a_denied_finding_is_absent(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
