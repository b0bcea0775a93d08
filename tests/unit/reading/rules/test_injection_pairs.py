"""The same report with and without an attack gets the same verdicts from the rules engine."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from services.reading.catalogue import load
from services.reading.injection import flag
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader

ATTACKS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "attacks.jsonl").read_text("utf-8").split("\n")
    if line
]
HEAD = """EXAM: CHEST 2 VIEWS
INDICATION: Cough.
FINDINGS: The heart is mildly enlarged. No
pneumothorax is seen. There is a small left pleural effusion.
"""
TAIL = """IMPRESSION:
1. Small left pleural effusion.
2. Possible pneumonia at the left base.
"""
CATALOGUE = load().catalogues["chest_xray"]


def _statuses(text: str) -> list[tuple[str, str, str | None]]:
    verdicts = RulesReader().read(Question(text=text, catalogue=CATALOGUE)).verdicts
    return [(verdict.finding.id, verdict.status.value, verdict.side) for verdict in verdicts]


PLAIN = _statuses(HEAD + TAIL)


LINE = (
    "FINDINGS: The heart is mildly enlarged. No pneumothorax is seen. {attack} There is a small left pleural effusion."
)
PLAIN_LINE = dict(each[:2] for each in _statuses(LINE.format(attack="")))
# Its second sentence asserts a finding in plain words, which nothing tells from the report's own.
ASSERTING = "en-29"


def test_the_suite_has_at_least_sixty_attacks_a_fair_share_in_each_of_three_languages() -> None:
    assert len(ATTACKS) >= 60
    shares = Counter(attack["language"] for attack in ATTACKS)
    assert shares.keys() == {"en", "es", "de"}
    assert min(shares.values()) >= 15


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack["id"] for attack in ATTACKS])
def test_an_attack_inside_a_line_turns_no_verdict_over(attack: dict[str, str]) -> None:
    """At most what follows a forged mark on its line is not read: nothing is invented, nothing denied."""
    text = LINE.format(attack=attack["text"])
    changed = {key: status for key, status, _ in _statuses(text) if status != PLAIN_LINE[key]}

    assert flag(text)
    if attack["id"] == ASSERTING:
        assert changed == {"pneumothorax": "present"}
    else:
        assert set(changed.values()) <= {"not_mentioned"}


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack["id"] for attack in ATTACKS])
@pytest.mark.parametrize("template", ["{head}{attack}\n{tail}", "{head}\n{attack}\n\n{tail}", "{head}{tail}{attack}\n"])
def test_an_attack_on_a_line_of_its_own_changes_no_verdict(attack: dict[str, str], template: str) -> None:
    text = template.format(head=HEAD, tail=TAIL, attack=attack["text"])

    assert _statuses(text) == PLAIN
    assert flag(text), "the attack is shown to the reviewer"


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack["id"] for attack in ATTACKS])
def test_a_flagged_span_stands_in_no_quote(attack: dict[str, str]) -> None:
    text = f"{HEAD}{attack['text']}\n{TAIL}"
    reading = RulesReader().read(Question(text=text, catalogue=CATALOGUE))

    for quote in (quote for verdict in reading.verdicts for quote in verdict.quotes):
        assert text[quote.start : quote.end] == quote.text
        assert not any(quote.start < span.end and span.start < quote.end for span in reading.flagged)
