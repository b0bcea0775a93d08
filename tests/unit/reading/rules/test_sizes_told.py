"""A size beyond the limit of its structure says that it is too large; within it, that it is normal; else nothing."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml

from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import LIBRARY


@pytest.mark.parametrize(
    ("catalogue", "text", "finding", "status", "procedure"),
    [
        ("abdomen_us", "CBD 14 mm.", "biliary_dilatation", "present", "US ABDOMEN"),
        ("abdomen_us", "The common bile duct measures 11 mm.", "biliary_dilatation", "present", "US ABDOMEN"),
        ("abdomen_us", "Common duct: 9 mm.", "biliary_dilatation", "present", "US ABDOMEN"),
        ("abdomen_us", "CBD 4 mm.", "biliary_dilatation", "absent", "US ABDOMEN"),
        ("abdomen_us", "CBD 7 mm.", "biliary_dilatation", "not_mentioned", "US ABDOMEN"),
        (
            "abdomen_us",
            "Common duct is 10 mm, expected after cholecystectomy.",
            "biliary_dilatation",
            "not_mentioned",
            "US ABDOMEN",
        ),
        ("abdomen_us", "Spleen 16 cm.", "splenomegaly", "present", "US ABDOMEN"),
        ("abdomen_us", "Spleen: 15.2 cm in length.", "splenomegaly", "present", "US ABDOMEN"),
        ("abdomen_us", "The spleen measures 142 mm.", "splenomegaly", "present", "US ABDOMEN"),
        ("abdomen_us", "Spleen measures 11 cm.", "splenomegaly", "not_mentioned", "US ABDOMEN"),
        ("abdomen_us", "Spleen: 3 cm laceration.", "splenomegaly", "not_mentioned", "US ABDOMEN"),
        ("abdomen_us", "Spleen shows a 15 cm cyst.", "splenomegaly", "not_mentioned", "US ABDOMEN"),
        ("abdomen_us", "Aorta 5.2 cm.", "abdominal_aortic_aneurysm", "present", "US ABDOMEN"),
        ("abdomen_ct", "The infrarenal aorta measures 3.6 cm.", "abdominal_aortic_aneurysm", "present", "CT ABDOMEN"),
        ("abdomen_ct", "Aorta: maximum diameter 34 mm.", "abdominal_aortic_aneurysm", "present", "CT ABDOMEN"),
        ("abdomen_ct", "Aorta 2.2 cm.", "abdominal_aortic_aneurysm", "absent", "CT ABDOMEN"),
        ("chest_ct", "The ascending aorta measures 4.8 cm.", "thoracic_aortic_aneurysm", "present", "CT CHEST"),
        ("chest_ct", "Ascending aorta 3.6 cm.", "thoracic_aortic_aneurysm", "not_mentioned", "CT CHEST"),
    ],
)
def test_a_size_says_what_its_limit_says(catalogue: str, text: str, finding: str, status: str, procedure: str) -> None:
    question = Question(text=text, catalogue=LIBRARY.catalogues[catalogue], procedure=procedure)
    verdicts = {each.finding.id: each for each in RulesReader().read(question).verdicts}
    assert verdicts[finding].status == status


def test_every_limit_names_its_source() -> None:
    limits = yaml.safe_load((files("services.reading") / "limits.yaml").read_text(encoding="utf-8"))
    assert all(each["source"] and ("normal" in each or "says" in each) for each in limits)
