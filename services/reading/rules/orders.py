"""An exam asked for by its bare name: "Urgent MRI brain.", "CT chest for staging", "renal lesion - triphasic CT"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from integration.canonical import SectionKind
from services.reading.lexicon import lexicon
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.imaging import EXAM, EXAM_WORD, exam_named, without_interval
from services.reading.rules.tokens import canonical
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_REQUESTING = frozenset(lexicon("orders")["requesting"])
_QUALIFYING = frozenset(lexicon("orders")["qualifying"]) | _REQUESTING | SIDES.keys()
# Where one may begin besides the beginning: behind what it is for.
_PARTS = re.compile(
    r"(?P<mark>;|\s(?:[-–—]|->|→)\s|[,:]\s(?!when\b|once\b)"
    r"|\sfor\s(?=(?:an? )?(?:elective|out-?patient|urgent|non-?urgent|routine|dedicated|formal)\s))"
)
_NUMBERED = re.compile(r"\A\s*(?:\d{1,2}[.)]|[-•*])\s+")
# "If symptoms persist, MRI …", "Once recovered CT …", "For MRI".
_LEAD = re.compile(
    r"\s*(?:(?:otherwise|possibly)\s+|(?:if|when|once|should|unless|given)\b"
    rf"(?:[^.;,:]{{0,80}}[,:]\s+|(?:\s+[\w/-]+){{1,4}}?\s+(?=(?:{EXAM})\b))|(?:for|plan:?)\s+)",
    re.IGNORECASE,
)
# What it is for, or when: from there on anything may be said but what an exam showed.
_FOR = re.compile(
    r"\b(?:for|to|if|when|once|unless|in|at|after|within|every|per|prior|before|due|ideally|then|as|under|given"
    r"|should follow)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|when|once|unless|should|as|until|that|which)\b", re.IGNORECASE)
# "MRI to define extent" asks wherever it stands.
_PURPOSE = re.compile(
    r"\s*to (?:further )?(?:define|assess|evaluate|exclude|characteri[sz]e|confirm|clarify|rule out|look for"
    r"|document)\b",
    re.IGNORECASE,
)
_TOLD = FINITE | wordset(
    "no not negative normal unremarkable performed obtained done seen noted compared available dated"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_WORD = re.compile(r"[a-z][a-z/-]*")
# Words beside the exam's name that are looked at.
_MOST = 10
_CONCLUDING = frozenset({SectionKind.IMPRESSION, SectionKind.RECOMMENDATION, SectionKind.ADDENDUM})


def bare_orders(words: str, kind: SectionKind, own: str) -> Iterator[str]:
    """The parts of a sentence that ask for an exam by its name alone. `own`: the exam's own modality.

    Outside of a conclusion only what says that it is still to be made, of another modality.
    """
    lead = _LEAD.match(words)
    pieces = _PARTS.split(words[lead.end() :] if lead else _NUMBERED.sub("", words, count=1))
    for mark, part in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        exam = EXAM_WORD.search(part)
        if exam and _names_exam_only(part, exam) and _asks(part, exam, (kind in _CONCLUDING, mark, bool(lead), own)):
            yield part


def _names_exam_only(part: str, exam: re.Match[str]) -> bool:
    """Whether the part holds the exam, its place and kind, and what it is for, and tells of no result."""
    behind = part[exam.end() :]
    purpose = _FOR.search(behind)
    own, told = (behind[: purpose.start()], behind[purpose.start() :]) if purpose else (behind, "")
    around = _words(without_interval(part[: exam.start()])) + _words(without_interval(own))
    condition = _CONDITION.search(told)
    said = _words(told[: condition.start()] if condition else told)
    return len(around) <= _MOST and all(map(_is_of_exam, around)) and _TOLD.isdisjoint(said) and not _YEAR.search(told)


def _asks(part: str, exam: re.Match[str], where: tuple[bool, str, bool, str]) -> bool:
    """Whether it is an order, and no heading or mention: by a condition, a time, a word, or what it is for."""
    concluding, mark, conditional, own = where
    ahead, behind = part[: exam.start()], part[exam.end() :]
    words = _words(ahead) + _words(behind)
    condition = _FOR.search(behind)
    conditional = conditional or bool(condition and _CONDITION.match(condition.group()))
    asks = conditional or without_interval(part) != part or not _REQUESTING.isdisjoint(words)
    other = exam_named(part) != own
    if other and not mark and _PURPOSE.match(behind):
        return True
    if not concluding or mark.startswith((",", ":")):
        return asks and (other or (concluding and conditional)) and concluding >= bool(mark)
    return asks or _FOR.search(behind) is not None or (other and bool(words) and not part.isupper())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _is_of_exam(word: str) -> bool:
    return word in _QUALIFYING or all(map(_is_of_place, re.split("[/-]", word)))


def _is_of_place(word: str) -> bool:
    return word in _QUALIFYING or not ANATOMY.isdisjoint(canonical(word)) or EXAM_WORD.fullmatch(word) is not None
