"""A candidate that names a side, level, place or kind needs that side, level, place or kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("No acute fracture. Old healed fracture of the left clavicle.", "acute fracture", "absent"),
        ("Acute fracture of the distal radius.", "acute fracture of the distal radius", "present"),
        ("Distal radius: Intact. Acute fracture of the scaphoid.", "acute fracture of the distal radius", "absent"),
        ("There is a small effusion on the right. No left effusion.", "left pleural effusion", "absent"),
        ("L4-L5: Broad-based disc herniation.\nL5-S1: Normal.", "L5-S1 disc herniation", "absent"),
        ("L3-L4: no disc herniation. L4-L5: disc extrusion.", "L3-L4 disc herniation", "absent"),
        ("Small chronic lacunar infarct in the left basal ganglia. No acute infarct.", "acute infarct", "absent"),
        ("Small chronic lacunar infarct in the left basal ganglia. No acute infarct.", "chronic infarct", "present"),
        (
            "The ACL is intact. Complex tear of the posterior horn of the medial meniscus.",
            "medial meniscus tear",
            "present",
        ),
        (
            "The ACL is intact. Complex tear of the posterior horn of the medial meniscus.",
            "lateral meniscus tear",
            "not_mentioned",
        ),
        ("The right kidney contains a 2 cm simple cyst. The left kidney is normal.", "left renal cyst", "absent"),
        ("The right kidney contains a 2 cm simple cyst. The left kidney is normal.", "right renal cyst", "present"),
        ("Nondisplaced fracture of the fifth metatarsal base.", "metatarsal fracture", "present"),
        ("There is a mass in the upper outer quadrant of the left breast.", "left breast mass", "present"),
        ("There is a mass in the upper outer quadrant of the left breast.", "right breast mass", "not_mentioned"),
        (
            "Right breast: no suspicious mass. Left breast: 12 mm spiculated mass at 2 o'clock.",
            "right breast mass",
            "absent",
        ),
        (
            "Right breast: no suspicious mass. Left breast: 12 mm spiculated mass at 2 o'clock.",
            "left breast mass",
            "present",
        ),
    ],
)
def test_side_level_and_place_are_needed(ask: Callable[[str, str], Verdict], text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status
