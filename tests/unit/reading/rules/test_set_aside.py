"""History, family, prior studies, hypotheses and recommendations assert nothing of this exam."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Hepatomegaly. Gallbladder surgically absent.", "gallstones", "not_mentioned"),
        ("Status post cholecystectomy.", "gallstones", "not_mentioned"),
        (
            "HISTORY: Breast cancer, prior pulmonary embolism.\nFINDINGS: Lungs are clear.",
            "pulmonary embolism",
            "not_mentioned",
        ),
        ("Family history of aortic aneurysm. Aorta is normal in caliber.", "aortic aneurysm", "absent"),
        ("If symptoms persist, CT to exclude appendicitis is recommended.", "appendicitis", "not_mentioned"),
        ("Gallbladder not visualized.", "gallstones", "not_mentioned"),
        ("Prior CT showed a liver mass.", "liver mass", "not_mentioned"),
        ("Mother had breast cancer.", "breast cancer", "not_mentioned"),
        ("Recommend chest CT to evaluate for pulmonary nodule.", "lung nodule", "not_mentioned"),
    ],
)
def test_what_is_set_aside_asserts_nothing(
    ask: Callable[[str, str], Verdict], text: str, name: str, status: str
) -> None:
    assert ask(text, name).status == status
