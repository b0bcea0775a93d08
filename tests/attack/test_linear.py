"""Twice the input, twice the steps, whatever is repeated.

A step inside a compiled pattern cannot be counted from outside, so processor time stands for steps: the same work four
times as long must cost nearer to four times as much than to sixteen. Inputs too small to be told apart pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from integration.documents import Unreadable, text_of
from integration.html_text import html_text
from services.evaluation.deidentify import Unsafe, clean
from services.evaluation.identity import Known
from services.reading.clean_text import clean_text
from services.reading.injection import flag

LENGTH = 2_500
GROWTH = 4
MOST = 9.0
TELLING = 0.05

SHAPES = (
    *"-=<[{|_.# \n\ta", "- ", "< ", "<!--", "<a ", "<a b='", "<div>", "</", "<think>", "</think>", "[inst]", "<report>",
    "</report>", "[[END REPORT]] x ", "--- begin report ", '{"a":', 'x{"a":\n', "```", "user ", "mark ", "mrn ", "1 ",
    "1-", "A-", "A1-", "AA-", "a@", "x 1", "no effusion ", "say that ", "when reading, ", "&#65;", "\\.br\\", "Smith ",
    "12:30 ", "by ", "AA ", "e\u0301", "\u200b", "Jan ", "tel ", "acc no ", "room ", "ADAM ", "Smith, ", "St ",
)  # fmt: skip
FRAMES = ("{}", "<{}>", "mrn {}x")
RTF = (
    "{\\field{\\*\\fldinst{HYPERLINK \"x\"}}{\\fldrslt y}}", "{\\field{\\*\\fldinst{HYPERLINK \"", "\\f0\\fcharset0",
    "\\f0", "\\f1111", "{", "\\'e9", "\\u233?", "{\\pict\\bin0 ", "{\\*", " ", "word ",
)  # fmt: skip


def rtf(shape: str) -> None:
    for head in ("{\\rtf1 ", "{\\rtf1{\\fonttbl "):
        try:
            text_of((head + shape).encode(), "application/rtf")
        except Unreadable:
            continue


def deidentified(text: str) -> None:
    try:
        clean(text, Known(patient=("Okonkwo",), identifiers=("P0012345",)))
    except Unsafe:
        return


def injection(text: str) -> None:
    flag(text)
    clean_text(text)


def steps(work: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    work(text)
    return time.thread_time() - began


def grows_in_proportion(work: Callable[[str], object], frame: str, shape: str) -> bool:
    """Measured up to three times: what else runs on the machine can only add to it."""
    few, many = (frame.replace("{}", shape * (length // len(shape))) for length in (LENGTH, LENGTH * GROWTH))
    for _ in range(3):
        larger = steps(work, many)
        if larger < TELLING or larger < MOST * steps(work, few):
            return True
    return False


@pytest.mark.parametrize("work", [injection, html_text, deidentified], ids=lambda work: work.__name__)
def test_text_of_any_shape_costs_in_proportion_to_its_length(work: Callable[[str], object]) -> None:
    work("warm")
    assert [(frame, shape) for frame in FRAMES for shape in SHAPES if not grows_in_proportion(work, frame, shape)] == []


def test_rtf_of_any_shape_costs_in_proportion_to_its_length() -> None:
    rtf("warm")
    assert [shape for shape in RTF if not grows_in_proportion(rtf, "{}", shape * 8)] == []
