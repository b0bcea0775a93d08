"""A report says the same wherever an interface breaks its lines."""

from __future__ import annotations

import textwrap

import pytest

from integration.canonical import Verdict
from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules.lines import wraps
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import Ask

CHEST = """\
INDICATION: Fever and cough for three days.

FINDINGS: There is a small left pleural effusion with adjacent compressive atelectasis. The right lung is clear. No \
focal consolidation or pulmonary edema. The cardiac silhouette is moderately enlarged. A right internal jugular \
central venous catheter ends in the superior vena cava. No pneumothorax. Old healed \
fractures of the left sixth and seventh ribs.

IMPRESSION:
1. Small left pleural effusion.
2. Moderate cardiomegaly without pulmonary edema. No evidence of pneumothorax after placement of the catheter."""
ABDOMEN = """\
CT ABDOMEN AND PELVIS
Comparison: None.
Liver: No focal hepatic lesion. There is diffuse fatty infiltration of the liver. No intrahepatic biliary dilatation.
Gallbladder and biliary tree: Cholelithiasis without wall thickening or pericholecystic fluid.
Kidneys: Nonobstructing 4 mm stone in the lower pole of the left kidney. There is no hydronephrosis on either side.
Bowel: Sigmoid diverticulosis without evidence of acute diverticulitis. The appendix is normal. No free air."""


def _said(text: str, family: str) -> dict[str, str]:
    question = Question(text=text, catalogue=load().catalogues[family])
    verdicts: tuple[Verdict, ...] = RulesReader().read(question).verdicts
    return {verdict.finding.id: f"{verdict.status} {verdict.side}" for verdict in verdicts}


def _wrapped(text: str, width: int) -> str:
    lines = (textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) for line in text.split("\n"))
    return "\n".join("\n".join(line) for line in lines)


@pytest.mark.parametrize("text", [CHEST, CHEST.upper()], ids=["as written", "capitals"])
@pytest.mark.parametrize("width", range(30, 100, 7))
def test_a_chest_report_says_the_same_at_any_width(text: str, width: int) -> None:
    assert _said(_wrapped(text, width), "chest_xray") == _said(text, "chest_xray")


@pytest.mark.parametrize("text", [ABDOMEN, ABDOMEN.upper()], ids=["as written", "capitals"])
@pytest.mark.parametrize("width", range(33, 100, 7))
def test_a_report_of_labelled_lines_says_the_same_at_any_width(text: str, width: int) -> None:
    assert _said(_wrapped(text, width), "abdomen_ct") == _said(text, "abdomen_ct")


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("NO\nPNEUMOTHORAX.", "pneumothorax", "absent"),
        ("NO SEGMENTAL\nOR SUBSEGMENTAL\nPULMONARY EMBOLISM.", "pulmonary embolism", "absent"),
        ("THE GALLBLADDER IS DISTENDED. NO INTRAHEPATIC\nBILIARY DILATATION.", "biliary dilatation", "absent"),
        ("LUNGS CLEAR. THERE IS NO EVIDENCE OF\nPLEURAL\nEFFUSION.", "pleural effusion", "absent"),
        ("THERE IS A LARGE\nRIGHT\nPLEURAL EFFUSION.", "right pleural effusion", "present"),
        ("LIVER NORMAL. NO SUSPICIOUS\nRENAL MASS OR\nHYDRONEPHROSIS.", "hydronephrosis", "absent"),
        ("NO EFFUSION\nCARDIOMEGALY", "cardiomegaly", "present"),
        ("NO FRACTURE\nSOFT TISSUE SWELLING", "soft tissue swelling", "present"),
        ("No effusion\nHeart enlarged", "cardiomegaly", "present"),
        ("pleura: no effusion\nheart: cardiomegaly", "cardiomegaly", "present"),
        ("liver: no lesion\ngallbladder: gallstones\nkidneys: ok", "gallstones", "present"),
        ("lungs: no nodule\nbones: rib fracture", "rib fracture", "present"),
        ("GALLBLADDER AND BILIARY\nTREE: NO STONES.", "gallstones", "absent"),
    ],
)
def test_a_line_in_capitals_is_wrapped_or_ends(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(text, name).status == status


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS\nTHE LUNGS ARE CLEAR. NO EFFUSION.",
        "- no effusion\n- no edema",
        "Liver: normal\nSpleen: normal",
        "a\n\nb",
    ],
)
def test_what_begins_anew_is_not_joined(text: str) -> None:
    assert not wraps(text)
