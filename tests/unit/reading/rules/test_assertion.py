"""What is asserted is present, in telegraphic and misspelt text as well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Not without a small effusion.", "pleural effusion", "present"),
        ("Cardiac silhouette remains enlarged.", "cardiomegaly", "present"),
        ("Findings compatible with acute appendicitis.", "appendicitis", "present"),
        ("Consolidation in the right lower lobe, atelectasis versus pneumonia.", "consolidation", "present"),
        ("No acute fracture. Old healed fracture of the left clavicle.", "fracture", "present"),
        ("Kidneys: 4 mm nonobstructing stone in the left kidney. No hydronephrosis.", "kidney stone", "present"),
        ("6 mm nodule RUL.", "lung nodule", "present"),
        ("Pneumothroax on the left.", "pneumothorax", "present"),
        ("Trace pericardial effusion. No pleural effusion.", "pericardial effusion", "present"),
        ("Small hiatal hernia.", "hiatal hernia", "present"),
        ("Diverticulosis without diverticulitis.", "diverticulosis", "present"),
        ("ETT tip 4 cm above the carina.", "endotracheal tube", "present"),
        ("The lungs are hyperinflated, consistent with emphysema.", "emphysema", "present"),
        ("There is grade 1 anterolisthesis of L4 on L5.", "spondylolisthesis", "present"),
        ("Borderline enlarged mediastinal lymph nodes.", "mediastinal lymphadenopathy", "present"),
        ("Gallstones. No wall thickening or pericholecystic fluid.", "gallstones", "present"),
        ("Subsegmental atelectasis at the lung bases. Otherwise the lungs are clear.", "atelectasis", "present"),
    ],
)
def test_an_assertion_is_present(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
