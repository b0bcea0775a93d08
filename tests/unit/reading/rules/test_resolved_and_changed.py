"""Resolved or removed is absent; smaller, unchanged or nearly resolved is present."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Interval resolution of the left pleural effusion.", "left pleural effusion", "absent"),
        ("Near-complete resolution of the left effusion.", "left pleural effusion", "present"),
        ("The previously seen right lower lobe consolidation has cleared.", "consolidation", "absent"),
        ("No change in cardiomegaly.", "cardiomegaly", "present"),
        ("Endotracheal tube has been removed.", "endotracheal tube", "absent"),
        ("Mild cardiomegaly is unchanged; no overt pulmonary edema.", "pulmonary edema", "absent"),
        ("Mild cardiomegaly is unchanged; no overt pulmonary edema.", "cardiomegaly", "present"),
        ("Compared to the prior CT, the liver lesion is no longer seen.", "liver lesion", "absent"),
    ],
)
def test_change_is_read(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
