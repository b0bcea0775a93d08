"""Headings of a report: on a line of their own, at its start, or in the middle of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from integration.canonical import SectionKind
from services.reading.rules.heading_names import ALONE, named
from services.reading.rules.lines import wraps
from services.reading.rules.verbs import FINITE
from services.reading.rules.wordset import wordset

BODY = frozenset({SectionKind.FINDINGS, SectionKind.IMPRESSION, SectionKind.ADDENDUM})
"""The parts that tell what the exam shows."""
_LINE = re.compile(
    r"^[ \t>*#_=-]*(?:\d{1,2}[.)][ \t]*)?(?P<name>[A-Za-z][^:\n–]{1,70}?)[ \t*_=]*(?P<mark>:|-(?=\s)|–|$)",
    re.MULTILINE,
)
_INLINE = re.compile(r"(?<![A-Za-z])(?P<name>[A-Z][A-Za-z'/# -]{1,60}?)[ \t]*:")
# "ADDENDUM (Dr Y, 16:20):", "Addendum 2 by Dr Y on 3/4:", also after the signature in the middle of a line.
_WHEN_AND_WHO = r"(?:[^:\n.]|(?<=\d)[:.](?=\d)|(?<=\b[A-Z])\.|(?<=\bDr)\.){0,80}?"
_WHICH = "Late|First|Second|Further|Attending|Staff|Consultant|Final|Faculty"
_ADDENDUM = re.compile(
    r"(?:^|(?<=[.!?)*_\]>])|(?<=\d))[ \t>*#_=-]{0,12}"
    rf"(?P<name>(?:(?:{_WHICH.upper()}) )?(?:ADDEND(?:UM|A)|AMEND(?:MENT|ED REPORT)|CORRECT(?:ION|ED REPORT)"
    rf"|REVISED REPORT|ERRATUM)|(?:(?:{_WHICH}) )?(?:Addend(?:um|a)|Amend(?:ment|ed report)"
    r"|Correct(?:ion|ed report)|Revised report|Erratum))\b"
    rf"(?:[ \t]*#?\d{{1,2}}\b)?[ \t]*(?:\({_WHEN_AND_WHO}\))?"
    rf"(?:{_WHEN_AND_WHO}(?::(?!\d\d\b)|–|-(?=\s)|[*=_]{{2,}}[ \t]*$)|[ \t*_=]*$)",
    re.MULTILINE,
)
# "CHEST, TWO VIEWS: The lungs are clear."
_EXAM = re.compile(r"^[ \t]*(?P<name>[A-Z(](?:[^:\n.]|\.(?!\s)){3,80}):(?=\s*[A-Za-z(])", re.MULTILINE)
EXAM_WORDS = wordset(
    """radiograph radiographs radiography xray x-ray xrays view views film films ct cta mr mri mra ultrasound us
    sonogram sonography mammogram mammography scan cxr angiogram hrct ctpa portable ray rays"""
)
_NO_TITLE = FINITE | wordset("no not compared comparison prior previous to since reason for history indication")
_LOOK_BACK = 8
_WORD = re.compile(r"[A-Za-z-]+")


class Block(NamedTuple):
    """A span [start, end) of one section's words, its heading left out. `headed`: a heading says what it is."""

    kind: SectionKind
    start: int
    end: int
    headed: bool = False


class Heading(NamedTuple):
    """A heading at [start, end), the mark after it included."""

    kind: SectionKind
    start: int
    end: int


def headings(text: str) -> list[Heading]:
    """Every heading of the text, in order."""
    found: list[Heading] = []
    for heading in sorted((*_addenda(text), *_at_lines(text), *_in_lines(text), *_exams(text)), key=_rank):
        if not found or heading.start >= found[-1].end:
            found.append(heading)
    return found


def _rank(heading: Heading) -> tuple[int, int]:
    return heading.start, -heading.end


def _addenda(text: str) -> Iterator[Heading]:
    for match in _ADDENDUM.finditer(text):
        yield Heading(SectionKind.ADDENDUM, match.start("name"), match.end())


def _at_lines(text: str) -> Iterator[Heading]:
    soft = wraps(text)
    for match in _LINE.finditer(text):
        kind = named(match.group("name"))
        wrapped = match.start() - 1 in soft or match.end() in soft
        if kind is not None and _stands(match.group("name"), match.group("mark"), wrapped=wrapped):
            yield Heading(kind, match.start(), match.end())


def _stands(name: str, mark: str, *, wrapped: bool) -> bool:
    """A name without a colon is a heading only alone on its line and unlikely to be prose."""
    if mark == ":":
        return True
    return not wrapped and (name.isupper() or (not mark and name.lower() not in ALONE))


def _in_lines(text: str) -> Iterator[Heading]:
    for match in _INLINE.finditer(text):
        if heading := _in_line(match):
            yield heading


def _in_line(match: re.Match[str]) -> Heading | None:
    """In the middle of a line "FINDINGS:" is a heading, also after other words without a stop."""
    words = match.group("name")
    starts = [0, *(at + 1 for at, char in enumerate(words) if char == " ")]
    for start in starts:
        kind = named(words[start:]) if words[start : start + 1].isupper() else None
        if kind is not None and not (_goes_on(match, start) and words[start:].lower() in ALONE):
            return Heading(kind, match.start("name") + start, match.end())
    return None


def _goes_on(match: re.Match[str], start: int) -> bool:
    """Whether the words before belong to the same name: "CHEST, TWO VIEWS:"."""
    before = match.string[max(0, match.start() - _LOOK_BACK) : match.start()].rstrip(" \t")
    return start > 0 or before[-1:] not in ("", "\n", ".", "?", "!", ";", ")", "*")


def _exams(text: str) -> Iterator[Heading]:
    """An exam's name before a colon opens what was found in it."""
    for match in _EXAM.finditer(text):
        words = [word.lower() for word in _WORD.findall(match.group("name"))]
        if not EXAM_WORDS.isdisjoint(words) and _NO_TITLE.isdisjoint(words):
            yield Heading(SectionKind.FINDINGS, match.start(), match.end())
