"""Normal statements deny what the catalogue says they deny."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Heart size at the upper limits of normal.", "cardiomegaly", "absent"),
        ("Liver, spleen, pancreas, and kidneys are unremarkable.", "hydronephrosis", "absent"),
        ("Liver: Normal size and echotexture. No focal lesion.", "liver lesion", "absent"),
        ("Lungs: Clear. Pleura: No effusion or pneumothorax.", "consolidation", "absent"),
        ("The ACL is intact. Complex tear of the posterior horn of the medial meniscus.", "ACL tear", "absent"),
        ("Emphysema. Lungs otherwise clear.", "consolidation", "absent"),
        ("The appendix is normal.", "appendicitis", "absent"),
        ("Alignment is normal. Vertebral body heights are maintained.", "vertebral compression fracture", "absent"),
        ("Ventricles and sulci are normal in size.", "hydrocephalus", "absent"),
        ("The thyroid is unremarkable.", "thyroid nodule", "absent"),
        ("Degenerative changes of the spine. No acute osseous abnormality.", "fracture", "absent"),
        ("No focal consolidation. Heart normal. No effusions. PTX absent.", "pneumothorax", "absent"),
    ],
)
def test_a_normal_statement_denies(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
