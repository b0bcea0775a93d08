"""What findings and impression both say is quoted from both; what only one says, from that one."""

from __future__ import annotations

import pytest

from services.reading.catalogue import load
from services.reading.catalogue.choice import Exam
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader


@pytest.mark.parametrize(
    ("text", "finding", "said"),
    [
        (
            "FINDINGS:\nA large left pneumothorax.\nIMPRESSION:\n1. Left pneumothorax, new.\n",
            "pneumothorax",
            ["A large left pneumothorax.", "Left pneumothorax, new."],
        ),
        (
            "FINDINGS:\nNo effusion.\nIMPRESSION:\nNo pleural effusion.\n",
            "pleural_effusion",
            ["No effusion.", "No pleural effusion."],
        ),
        (
            "FINDINGS:\nMild cardiomegaly. The cardiomegaly is unchanged.\nIMPRESSION:\nNo acute disease.\n",
            "cardiomegaly",
            ["Mild cardiomegaly."],
        ),
        ("FINDINGS:\nClear lungs.\nIMPRESSION:\nLeft rib fracture.\n", "rib_fracture", ["Left rib fracture."]),
    ],
)
def test_it_is_quoted_where_it_stands(text: str, finding: str, said: list[str]) -> None:
    asked = Question(text=text, catalogue=load().choose_for([Exam("", "XR CHEST", "DX")]), procedure="XR CHEST")
    [verdict] = [each for each in RulesReader().read(asked).verdicts if each.finding.id == finding]
    assert [quote.text for quote in verdict.quotes] == said
    assert all(text[quote.start : quote.end] == quote.text for quote in verdict.quotes)
