"""What every test of the rules asks: one text, one candidate by name, its verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.canonical import Verdict
from services.reading.asked import candidate_for
from services.reading.catalogue import load
from services.reading.reader import Catalogue, Question
from services.reading.rules.reader import RulesReader

LIBRARY = load()
# Shows what folds only for how the words of one sentence stand: these tests ask what is read, not what a page shows.
PLAIN = RulesReader(threshold=0.6)
Ask = Callable[[str, str], Verdict]


def ask_rules(text: str, name: str) -> Verdict:
    """The rules engine's verdict on one candidate, asked by name; its quotes are slices of the text."""
    catalogue = Catalogue(id="test", version="1", title="Test", candidates=(candidate_for(name, LIBRARY),))
    verdict = RulesReader().read(Question(text=text, catalogue=catalogue)).verdicts[0]
    assert all(text[quote.start : quote.end] == quote.text for quote in verdict.quotes)
    assert all(len(quote.text.split()) <= 25 for quote in verdict.quotes)
    return verdict


@pytest.fixture
def ask() -> Ask:
    """`ask(text, name)`: what the rules say."""
    return ask_rules
