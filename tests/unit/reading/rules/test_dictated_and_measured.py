"""How reports are really spoken and typed: levels in words, sides in letters, normality by size, shared subjects."""

from __future__ import annotations

import pytest

from tests.unit.reading.rules.conftest import ask_rules


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("at c four five there is a broad based disc protrusion", "C4-C5 disc protrusion", "present"),
        ("at c four five there is a broad based disc protrusion", "C5-C6 disc protrusion", "not_mentioned"),
        ("Grade 1 anterolisthesis of L5 on S1.", "L5-S1 spondylolisthesis", "present"),
        ("Mild residual canal stenosis L3-4.", "L3-L4 spinal canal stenosis", "present"),
        ("Chronic L cerebellar infarct.", "Left cerebellar infarct", "present"),
        ("Chronic L cerebellar infarct.", "Right cerebellar infarct", "not_mentioned"),
        ("Subtle T2 signal in the cord.", "T2 compression fracture", "not_mentioned"),
    ],
)
def test_levels_in_words_and_sides_in_letters(text: str, name: str, status: str) -> None:
    assert ask_rules(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("CBD 3 mm.", "Biliary dilatation", "absent"),
        ("CBD 7 mm.", "Biliary dilatation", "not_mentioned"),
        ("CBD 3 mm.", "Choledocholithiasis", "not_mentioned"),
        ("Aorta 1.9 cm.", "Abdominal aortic aneurysm", "absent"),
        ("3 mm stone in the common bile duct.", "Biliary dilatation", "not_mentioned"),
    ],
)
def test_a_plain_measurement_within_its_limit_denies_only_width(text: str, name: str, status: str) -> None:
    assert ask_rules(text, name).status == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("The right lung is hyperinflated but clear.", "Consolidation in the right lung", "absent"),
        ("The conus ends at L1 and is normal in signal.", "Conus abnormality", "absent"),
        ("Nodule 2: LLL, ground glass, 8 mm.", "Left lower lobe nodule", "present"),
        ("Nodes: None enlarged.", "Mediastinal lymphadenopathy", "absent"),
        ("No hemorrhage within the lesion.", "Liver lesion", "not_mentioned"),
        ("Normal follicles.", "Ovarian cyst", "not_mentioned"),
        ("No internal flow, most likely a hemorrhagic cyst.", "Hemorrhagic cyst", "uncertain"),
        ("Effusions are probably present bilaterally.", "Pleural effusion", "uncertain"),
        ("The asymmetry disperses on spot compression.", "Breast asymmetry", "absent"),
    ],
)
def test_what_is_said_without_saying_it_in_full(text: str, name: str, status: str) -> None:
    assert ask_rules(text, name).status == status


def test_a_report_of_one_paragraph_is_read_after_its_indication() -> None:
    text = "CXR PA/lat. Indication: preop. Lungs clear. Mild dextroscoliosis."
    assert ask_rules(text, "Scoliosis").status == "present"


def test_a_name_with_a_place_of_its_own_is_held_to_it() -> None:
    text = "Linear fracture of the distal radius. The scaphoid is intact."
    assert ask_rules(text, "Fracture of the distal radius").status == "present"
    assert ask_rules(text, "Scaphoid fracture").status == "absent"
