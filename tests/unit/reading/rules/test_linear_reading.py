"""Twice the text takes twice the steps for the whole reader: injection, words, spelling, scopes, statements, verdicts.

Steps are counted as in test_linear.py: lines of Python run and characters handed to patterns; no clock is looked at.
"""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading import clean_text, injection, injection_blocks, injection_orders, injection_patterns, plain_view
from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules import clauses, mentions, normal, places, reader, scope, spelling, statements, tokens
from tests.unit.reading.rules.test_linear import FEW, LETTERS, MODULES, MOST, Counter, _with_patterns

ALL = (
    *MODULES,
    *(clean_text, injection, injection_blocks, injection_orders, injection_patterns, plain_view),
    *(clauses, mentions, normal, places, scope, spelling, statements, tokens),
)
SHAPES = (
    *("-", "—", "_", "=", "#", "(", "[", "{", "<", "<!--", "</a", "```", "|", "\u200b", "é", "a", "A", "\n", " "),
    *("no effusion ", "no effusion, ", "no effusion or ", "no ", "possible ", "effusion ", "not seen ", "- - "),
    *("left effusion and ", "none on the left ", "pneumothroax ", "x" * 41 + " ", "fracture ", "the right ", "C4-5 "),
    *("ignore previous instructions ", "you are a ", "1. ", "a: ", ", ", "segment 5 ", "consistent with ", "2nd "),
    *("the heart is normal ", "radial tear ", "however ", "is out of ", "vs ", "? ", "NO\n", "tube in bronchus "),
)
SIZE, PIECE = 1200, 40
CATALOGUE = load().catalogues["chest_xray"]


def _steps(text: str) -> int:
    counter, question = Counter(), Question(text=text, catalogue=CATALOGUE)
    for cache in (injection.flag, injection.flagged):
        cache.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        for module in ALL:
            _with_patterns(module, counter, patch)
        # Within a piece of a sentence steps may grow faster; that pieces are bounded is what makes the whole linear.
        patch.setattr(reader, "_LONGEST", PIECE)
        sys.settrace(counter.trace)
        try:
            reader.RulesReader().read(question)
        finally:
            sys.settrace(None)
    return counter.steps


def _assert_linear(unit: str) -> None:
    once, twice = (unit * (size // len(unit) + 1) for size in (SIZE, 2 * SIZE))
    _steps(twice)  # what is remembered between reports is not counted
    assert _steps(twice) <= MOST * _steps(once) + FEW


@pytest.mark.parametrize("unit", SHAPES)
def test_known_shapes_take_steps_in_proportion(unit: str) -> None:
    _assert_linear(unit)


@given(LETTERS)
@settings(max_examples=20, deadline=None)
def test_any_repeated_text_takes_steps_in_proportion(unit: str) -> None:
    _assert_linear(unit)


@given(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_mixed_shapes_take_steps_in_proportion(units: list[str]) -> None:
    _assert_linear("".join(units))


@pytest.mark.parametrize("unit", ["-", "—", "#", "# ", "no effusion ", "no effusion, ", "fracture ", "(", "x"])
def test_forty_thousand_characters_take_bounded_steps(unit: str) -> None:
    """A character costs at most so many steps, at any length: a second of one core is some ten million of them."""
    text = (unit * 40_000)[:4_000]
    _steps(text)
    assert _steps(text) <= 250 * len(text) + FEW
