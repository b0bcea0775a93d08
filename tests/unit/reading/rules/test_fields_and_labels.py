"""Forms: ticked boxes, blanks, labels in one line."""

from __future__ import annotations

import pytest

from services.reading.rules.fields import first_open
from tests.unit.reading.rules.conftest import Ask


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("FINDINGS:\nDislocation: [ ] yes [x] no", "dislocation", "absent"),
        ("FINDINGS:\nPleural effusion: [x] yes [ ] no", "pleural effusion", "present"),
        ("FINDINGS:\nPneumothorax  [X] absent  [ ] present", "pneumothorax", "absent"),
        ("FINDINGS:\n[x] Hydronephrosis\n[ ] Renal stone", "hydronephrosis", "present"),
        ("FINDINGS:\n[x] Hydronephrosis\n[ ] Renal stone", "renal stone", "not_mentioned"),
        ("FINDINGS:\n☑ Gallstones ☐ Ascites", "gallstones", "present"),
        ("FINDINGS:\n☑ Gallstones ☐ Ascites", "ascites", "not_mentioned"),
        ("FINDINGS:\nCardiomegaly [x]   Pneumothorax [ ]", "cardiomegaly", "present"),
        ("FINDINGS:\nCardiomegaly [x]   Pneumothorax [ ]", "pneumothorax", "not_mentioned"),
        ("FINDINGS:\nFracture: (x) none ( ) simple ( ) comminuted", "fracture", "absent"),
    ],
)
def test_only_what_is_ticked_is_said(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Edema has improved since ___.", "pulmonary edema", "present"),
        ("Compared to ___, the left pleural effusion has increased.", "pleural effusion", "present"),
        ("No pneumothorax is seen, as discussed with Dr. ___ by phone.", "pneumothorax", "absent"),
        ("Since the study of ___, a right pleural effusion has developed.", "pleural effusion", "present"),
        ("Pleural effusion: ___", "pleural effusion", "not_mentioned"),
        ("There is a ___ pleural effusion.", "pleural effusion", "not_mentioned"),
        ("There is *** pneumothorax, and the heart is enlarged.", "pneumothorax", "not_mentioned"),
        ("There is *** pneumothorax, and the heart is enlarged.", "cardiomegaly", "present"),
        ("Pneumothorax: [ ]\nCardiomegaly: mild", "cardiomegaly", "present"),
        ("Pneumothorax: [ ]\nCardiomegaly: mild", "pneumothorax", "not_mentioned"),
    ],
)
def test_a_blank_silences_what_it_blanks(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Seen again since ___.", False),
        ("___-year-old man.", False),
        ("Dr. ___ was called at ___ on ___.", False),
        ("______________\nNo effusion.", False),
        ("Effusion: [x] yes [ ] no", False),
        ("Nodule measuring ___ mm.", True),
        ("Effusion: ____", True),
        ("The *** is normal.", True),
        ("Effusion: [ ] yes [ ] no", True),
    ],
)
def test_a_name_or_date_taken_out_is_no_open_field(text: str, found: bool) -> None:
    assert (first_open(text) is not None) == found


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Effusion: none, pneumothorax: small", "pneumothorax", "present"),
        ("Effusion: none, pneumothorax: small", "pleural effusion", "absent"),
        ("Gallstones: yes, hydronephrosis: no, ascites: moderate", "hydronephrosis", "absent"),
        ("Gallstones: yes, hydronephrosis: no, ascites: moderate", "ascites", "present"),
        ("Lungs: clear HEART: enlarged PLEURA: no effusion", "cardiomegaly", "present"),
        ("Midline shift: absent, mass effect: none, subdural hematoma: small left", "subdural hematoma", "present"),
        ("Effusion - nil.", "pleural effusion", "absent"),
        ("Hydronephrosis - none", "hydronephrosis", "absent"),
        ("Free fluid – absent.", "free fluid", "absent"),
    ],
)
def test_each_label_has_its_own_answer(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
