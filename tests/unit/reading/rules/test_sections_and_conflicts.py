"""Addendum overrides, findings against impression are uncertain, blank fields assert nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("FINDINGS: No pleural effusion.\nIMPRESSION: Small left pleural effusion.", "pleural effusion", "uncertain"),
        ("FINDINGS: Left pleural effusion.\nIMPRESSION: Right pleural effusion.", "left pleural effusion", "uncertain"),
        (
            "IMPRESSION: No fracture.\nADDENDUM: On re-review there is a nondisplaced fracture of the distal radius.",
            "distal radius fracture",
            "present",
        ),
        ("Kein Pleuraerguss. Herz nicht vergrößert. Die Lunge ist frei.", "pleural effusion", "not_mentioned"),
        ("Pleural effusion: ***", "pleural effusion", "not_mentioned"),
    ],
)
def test_sections_decide(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
