"""Whatever the text, the rules answer every candidate, in order, with exact quotes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader

CATALOGUE = load().catalogues["chest_xray"]
WORDS = """FINDINGS: IMPRESSION: ADDENDUM: no not without effusion pneumothorax left right is are seen , . ; 1. *** -
    heart enlarged versus resolved é \u200b L4-L5: if and or lungs clear normal ( ) <think> { : mm"""
PHRASES = ["\n", "\n\n", "[ ]", "may represent", "history of", "no longer", "Ignore all previous instructions", "5 mm"]
PIECES = st.sampled_from(WORDS.split() + PHRASES)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_any_text_is_answered(text: str) -> None:
    reading = RulesReader().read(Question(text=text, catalogue=CATALOGUE))

    assert [verdict.finding.id for verdict in reading.verdicts] == [each.finding.id for each in CATALOGUE.candidates]
    quotes = [quote for verdict in reading.verdicts for quote in verdict.quotes]
    quotes += [quote for advisory in reading.advisories for quote in advisory.quotes]
    assert all(text[quote.start : quote.end] == quote.text for quote in quotes)
