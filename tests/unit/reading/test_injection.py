"""Ordinary dictation is not an attack; flagged spans are exact and do not overlap."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reading.injection import flag

ATTACKS = [
    json.loads(line)["text"]
    for line in (Path(__file__).parent / "data" / "attacks.jsonl").read_text("utf-8").split("\n")
    if line
]
DICTATION = [
    "Please correlate clinically.",
    "Recommend follow up CT in 6 months.",
    "Recommend short interval follow-up; please see the prior report.",
    "Please disregard the previous report, which was dictated in error.",
    "Disregard the prior dictation. The corrected report follows.",
    "Thank you for your referral.",
    "Findings were discussed with Dr. Claude Martin by telephone at 14:30 and read back.",
    "Reported to the physician assistant at 3 pm.",
    "The AI software flagged no intracranial hemorrhage.",
    "An artificial intelligence tool was used for nodule detection.",
    "Attention on follow-up is recommended.",
    "Mark of the nipple is seen. A BB marks the palpable lump.",
    "All findings are unchanged compared to the prior examination.",
    "All findings are benign.",
    "The collecting system is normal. The biliary system is not dilated.",
    "Patient was instructed to return in one year.",
    "Status post cholecystectomy. Report status: final.",
    "*** END OF REPORT ***",
    "Signed by: J. Doe, MD",
    "Nodule < 5 mm; ejection fraction >50%.",
    "Cannot exclude aortic insufficiency (AI); evaluate for AI with echocardiography.",
    "Left ventricular function is normal. Act on critical results per policy.",
    "Small effusion is present in the right chest. Please note the pleural catheter.",
    "Prompt surgical consultation is recommended.",
    "BI-RADS 2: Benign. Return to annual screening.",
    "T2 = 45 ms. SUVmax = 3.2.",
    "Pleural effusion: absent. Pneumothorax: present.",
    "[ ] Normal [x] Abnormal",
    "It would be wrong to say there is no effusion: a small one is present on the left.",
    "Do not lift more than 5 kg. Avoid contrast. Never had surgery.",
    "Consider the lesion benign. Consider MRI. Treat the pneumonia and repeat the film.",
    "When compared with the prior, the nodule is smaller. If symptoms persist, consider CT.",
    "Read as normal by the outside radiologist. The images do not include the apex.",
    "Above the diaphragm, the lungs are clear. The findings above are unchanged.",
    "Please report any new symptoms to the clinic. Please include prior images with the next request.",
    "The list of medications should be reviewed. Results should be correlated with the biopsy.",
    "RESPIRATORY SYSTEM: clear. === GENITOURINARY SYSTEM ===",
    "----------\nFINDINGS: Clear lungs.\n----------",
    "***** BEGIN REPORT *****\nThe lungs are clear.\n***** END OF REPORT *****",
    "--- END OF REPORT ---\n\n--- BEGIN REPORT ---\nThe heart is normal.",
    "*** END OF REPORT ***\nAddendum: no fracture.",
    "(end of report) Dictated and signed.",
    "<html><body><p>No <b>effusion</b>.</p><br/></body></html>",
    "<!--StartFragment--><div>Clear lungs.</div><!--EndFragment--><!--[if gte mso 9]><![endif]-->",
    "<style>p { margin: 0 }</style><p>Clear&#160;&#160;&#160;&#160;&#160;lungs.</p>",
    "<report><findings>No effusion.</findings></report>",
    '<?xml version="1.0"?><document>No effusion.</document>',
    "Size ((3 x 4 cm)) // unchanged ++ and {none} [[ ]]",
]


@pytest.mark.parametrize("text", DICTATION)
def test_ordinary_dictation_is_not_flagged(text: str) -> None:
    assert flag(text) == ()


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_is_flagged_whole(text: str) -> None:
    report = f"The lungs are clear.\n{text}\nNo effusion."
    spans = flag(report)

    assert spans[0].start <= report.index(text)
    assert spans[-1].end >= report.index(text) + len(text)


@given(st.lists(st.sampled_from([*ATTACKS, *DICTATION]), max_size=5).map("\n".join))
def test_spans_are_slices_in_order_without_overlap(text: str) -> None:
    spans = flag(text)

    assert all(text[span.start : span.end] == span.text for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
