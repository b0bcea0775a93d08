"""Twice the text takes twice the steps, whatever the text: sections, sentences, remarks.

A step is a line of Python run, or a character handed to a pattern; the clock is not looked at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.canonical import Quote, Side
from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules import (
    advisories,
    asides,
    corrections,
    critical,
    discrepancies,
    exam,
    fields,
    follow_up,
    headings,
    language,
    lines,
    remainder,
    scores,
    sections,
    sentences,
)

MODULES = (
    *(asides, corrections, critical, discrepancies, exam, fields, follow_up, headings, language, lines, remainder),
    *(scores, sections, sentences),
)
SHAPES = (
    *("no effusion ", "no effusion\n", "a", " ", "\n", "-", "_", "* ", "a: ", "A, B: ", "FINDINGS: x ", "ADDENDUM: "),
    *(
        ". ",
        "? ",
        "[ ] ",
        "[x] a ",
        "1. a\n",
        "NO\n",
        "THE RIGHT\n",
        "Dr. ",
        "1 ",
        "___ ",
        "*** ",
        "(",
        "what was termed ",
    ),
    *(
        "described as ",
        "is in fact a ",
        "46 yo ",
        ", a",
        ";",
        "prelim: ",
        "final: ",
        "item 1 is retracted ",
        "recommend CT ",
    ),
    *("in 3 months ", "called Dr ", "bi-rads 4 ", "report in error ", "é", "\t", "uterus ", "left ", " and"),
)
LETTERS = st.text(alphabet="abcA .:,;\n-1)*[]x_?(é", min_size=1, max_size=12)
SIZE, MOST = 600, 2.6
FEW = 3000
"""Steps that a text of any length costs."""


class Counter:
    """Steps of one run."""

    def __init__(self) -> None:
        self.steps = 0

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Counts each line of this project's rules."""
        if event == "call" and "/services/reading/" not in frame.f_code.co_filename:
            return None
        self.steps += event == "line"
        return self.trace


class Counted:
    """A pattern that counts the characters it is handed, up to the end of what it finds."""

    def __init__(self, pattern: re.Pattern[str], counter: Counter) -> None:
        self.pattern, self.counter = pattern, counter

    def _looked(self, text: str, at: int, end: int | None, found: re.Match[str] | None) -> re.Match[str] | None:
        self.counter.steps += (found.end() if found else min(end or len(text), len(text))) - at + 1
        return found

    def search(self, text: str, at: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        return self._looked(text, at, end, self.pattern.search(text, at, end))

    def match(self, text: str, at: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        found = self.pattern.match(text, at, end)
        return self._looked(text, at, at, found) if found else None

    def finditer(self, text: str, at: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[str]]:
        self.counter.steps += min(end, len(text)) - at
        return self.pattern.finditer(text, at, end)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pattern, name)


def _counted(value: Any, counter: Counter) -> Any:
    if isinstance(value, re.Pattern):
        return Counted(value, counter)
    return tuple(_counted(each, counter) for each in value) if type(value) is tuple else value


def _with_patterns(module: ModuleType, counter: Counter, patch: pytest.MonkeyPatch) -> None:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern) or type(value) is tuple:
            patch.setattr(module, name, _counted(value, counter))


def _steps(text: str) -> int:
    counter, question = (
        Counter(),
        Question(
            text=text, catalogue=load().catalogues["chest_xray"], modality="CR", body_site="CHEST", order_side=Side.LEFT
        ),
    )
    for cache in (lines.wraps, exam._title):
        cache.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            _with_patterns(module, counter, patch)
        sys.settrace(counter.trace)
        try:
            remainder.without(text, [Quote(text=text[:1], start=0, end=1)] if text else [])
            language.foreign(text)
            parts = sections.blocks(text)
            said = sentences.sentences(text, parts)
            advisories.advise(question, said, ())
            discrepancies.discrepancies(question, parts, said, ())
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
@settings(max_examples=25, deadline=None)
def test_any_repeated_text_takes_steps_in_proportion(unit: str) -> None:
    _assert_linear(unit)


def test_the_count_sees_a_text_looked_through_again_and_again() -> None:
    counter = Counter()
    pattern = Counted(re.compile("b"), counter)
    for at in range(100):
        pattern.search("a" * 100, at)
    assert counter.steps > 100 * 100 / 3
