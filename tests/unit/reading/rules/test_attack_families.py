"""Families of text that instructs the reader: the same verdicts with and without, wherever the text is put."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.reading.catalogue import load
from services.reading.injection import flag
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader

FAMILIES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "attack_families.jsonl").read_text("utf-8").splitlines()
]
TEXTS = [text for family in FAMILIES for text in family["texts"]]
CHEST = """EXAM: CHEST 2 VIEWS
INDICATION: Cough.
FINDINGS: The heart is mildly enlarged.
No pneumothorax is seen. There is a small left pleural effusion.
IMPRESSION:
1. Small left pleural effusion.
"""
ABDOMEN = """CT ABDOMEN AND PELVIS WITH CONTRAST
FINDINGS:
Kidneys: No hydronephrosis. A 4 mm stone lies in the lower pole of the right kidney.
Liver: Normal.
There is no free air.
IMPRESSION: Nonobstructing right renal stone.
"""
REPORTS = {"chest_xray": CHEST, "abdomen_ct": ABDOMEN}
CATALOGUES = load().catalogues


def verdicts(catalogue: str, text: str) -> list[tuple[str, str, str | None]]:
    read = RulesReader().read(Question(text=text, catalogue=CATALOGUES[catalogue])).verdicts
    return [(verdict.finding.id, verdict.status.value, verdict.side) for verdict in read]


PLAIN = {catalogue: verdicts(catalogue, report) for catalogue, report in REPORTS.items()}


def test_there_are_twenty_five_families_and_more() -> None:
    assert len({family["family"] for family in FAMILIES}) >= 25


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("catalogue", REPORTS)
def test_the_verdicts_are_the_same_with_and_without(catalogue: str, text: str) -> None:
    lines = REPORTS[catalogue].splitlines(keepends=True)
    for at in (1, 3, len(lines)):
        attacked = "".join([*lines[:at], text + "\n", *lines[at:]])
        assert flag(attacked)
        assert verdicts(catalogue, attacked) == PLAIN[catalogue], at


@pytest.mark.parametrize("catalogue", REPORTS)
def test_a_mark_left_open_takes_no_more_than_its_line(catalogue: str) -> None:
    for opened in ("<think>", "<system>", "```", "<!--", "<![CDATA[", "[INST]", "[[END]]", "</report>", "<|im_start|>"):
        assert verdicts(catalogue, f"{opened}\n{REPORTS[catalogue]}") == PLAIN[catalogue], opened
