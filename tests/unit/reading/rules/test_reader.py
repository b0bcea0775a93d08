"""The rules engine end to end, on one short report."""

from __future__ import annotations

from integration.canonical import Finding, Side, Status
from services.reading.reader import Candidate, Catalogue, Question
from services.reading.rules.reader import RulesReader

REPORT = """EXAM: CHEST 2 VIEWS
INDICATION: Cough, rule out pneumonia.
FINDINGS: The heart is mildly enlarged. No pneumothorax,
small left pleural effusion. Opacity at right base is likely
atelectasis.
IMPRESSION:
1. Small left effusion, unchanged.
"""


def _candidate(name: str, *synonyms: str, sides: bool = False) -> Candidate:
    return Candidate(finding=Finding(id=name, name=name), synonyms=synonyms, sides=sides)


CATALOGUE = Catalogue(
    id="test",
    version="1",
    title="Test",
    candidates=(
        _candidate("pleural effusion", "effusion", sides=True),
        _candidate("pneumothorax"),
        _candidate("cardiomegaly"),
        _candidate("pneumonia"),
        _candidate("atelectasis"),
    ),
)


def test_a_report_is_answered_in_the_order_asked_with_exact_quotes() -> None:
    reading = RulesReader().read(Question(text=REPORT, catalogue=CATALOGUE))

    assert [(verdict.finding.id, verdict.status) for verdict in reading.verdicts] == [
        ("pleural effusion", Status.PRESENT),
        ("pneumothorax", Status.ABSENT),
        ("cardiomegaly", Status.PRESENT),
        ("pneumonia", Status.NOT_MENTIONED),
        ("atelectasis", Status.UNCERTAIN),
    ]
    assert reading.verdicts[0].side is Side.LEFT
    quotes = [quote for verdict in reading.verdicts for quote in verdict.quotes]
    assert len(quotes) == 5, "the effusion by findings and impression, the others once"
    assert all(REPORT[quote.start : quote.end] == quote.text for quote in quotes)


def test_the_same_question_gets_the_same_answer() -> None:
    question = Question(text=REPORT, catalogue=CATALOGUE)

    assert RulesReader().read(question).verdicts == RulesReader().read(question).verdicts


def test_the_line_for_the_reviewer_leaves_the_rule_to_its_own_field() -> None:
    verdicts = RulesReader().read(Question(text=REPORT, catalogue=CATALOGUE)).verdicts

    assert [each.rationale for each in verdicts] == [
        "The report asserts it.",
        "The report denies it.",
        "The report asserts it.",
        "The report asserts nothing of it.",
        "The report leaves it open.",
    ]
    assert all(each.rule for each in verdicts)
