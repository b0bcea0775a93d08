"""Hedged, alternative and unassessable findings are uncertain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Pneumothorax is not excluded.", "pneumothorax", "uncertain"),
        ("Pneumoperitoneum cannot be assessed on this supine film.", "pneumoperitoneum", "uncertain"),
        ("Findings suspicious for acute appendicitis.", "appendicitis", "uncertain"),
        ("Consolidation in the right lower lobe, atelectasis versus pneumonia.", "pneumonia", "uncertain"),
        ("Questionable nodule in the right upper lobe.", "lung nodule", "uncertain"),
        ("There is concern for an underlying malignancy.", "malignancy", "uncertain"),
        ("Left lower lobe atelectasis or pneumonia.", "pneumonia", "uncertain"),
        ("Fracture is unlikely.", "fracture", "uncertain"),
        ("Possible small right apical pneumothorax, attention on follow-up.", "pneumothorax", "uncertain"),
    ],
)
def test_a_hedged_finding_is_uncertain(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
