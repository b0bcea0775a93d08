"""An exam asked for by its bare name: "Urgent MRI brain.", "CT chest for staging", "renal lesion - triphasic CT"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from integration.canonical import SectionKind
from services.reading.lexicon import lexicon
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.imaging import EXAM, EXAM_WORD, exam_named, interval_of, without_interval
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
    r"\s*(?:(?:otherwise|possibly|or|alternatively,?)\s+|(?:if|when|once|should|unless|given)\b"
    rf"(?:[^.;,:]{{0,80}}(?:[,:]|\bthen)\s+|(?:\s+[\w/-]+){{1,4}}?\s+(?=(?:{EXAM})\b))"
    r"|(?:to have|to get|for|plan:?)\s+)",
    re.IGNORECASE,
)
# What it is for, or when: from there on anything may be said but what an exam showed.
_FOR = re.compile(
    r"\b(?:for|to|if|when|once|unless|in|at|after|within|every|per|prior|before|due(?! to\b)|ideally|then|as|under"
    r"|given|through|via|post|only|pre-?op(?:erative(?:ly)?)?|should follow)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|when|once|unless|should|as|until|that|which)\b", re.IGNORECASE)
# "MRI to define extent", "CT knee for planning" ask wherever they stand.
_PURPOSE = re.compile(
    r"\s*to (?:further )?(?:define|assess|evaluate|exclude|characteri[sz]e|confirm|clarify|rule out|look for"
    r"|document)\b"
    r"|(?:\s+[\w/-]+){0,3}? for (?:\w+ )?(?:planning|staging|characteri[sz]ation|clarification|confirmation|extent)\b",
    re.IGNORECASE,
)
_TOLD = FINITE | wordset(
    "no not negative normal unremarkable performed obtained done seen noted compared available dated"
)
# "Would help", "should follow" ask.
_ASKED_BY = wordset("will would should may can could might be")
# Words beside an exam's name that is told of: "normal MRI", "better seen on CT", "CT evidence of".
_TOLD_AHEAD = wordset(
    """normal abnormal unremarkable negative positive stable limited suboptimal nondiagnostic non-diagnostic inadequate
    adequate technically satisfactory benign equivocal incomplete degraded unchanged prior previous old recent earlier
    outside same-day comparison compared initial baseline last the this that these on by at from in of than since via
    per
    see refer review await awaiting awaits booked had has have cannot correlating same with
    seen shown known status post after before during technique technical procedure modality exam poor good"""
)
_TOLD_BEHIND = wordset(
    """evidence findings finding appearance appearances features feature criteria sign signs images image correlate
    abnormality abnormalities guidance guided proven avid dated positive negative occult signal flow waveform waveforms
    changes room scanner table suite department result results report reports showing shows nodule lesion conditional
    compatible safe number numbers scheduled booked arranged pending awaited yesterday last ago"""
)
_YEAR = re.compile(r"\b\d{1,2}:\d\d\b|\b(?:19|20)\d\d\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_BRACKETED = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[a-z][a-z/-]*")
# Words beside the exam's name that are looked at, and those of them that may be of anything.
_MOST = 10
_STRANGE = 3
CONCLUDING = frozenset({SectionKind.IMPRESSION, SectionKind.RECOMMENDATION, SectionKind.ADDENDUM})


def bare_orders(words: str, concluding: bool, own: str, continued: bool = False) -> Iterator[str]:
    """The parts of a sentence that ask for an exam by its name alone. `own`: the exam's own modality.

    `continued`: they go on after a semicolon. Outside of a conclusion only what says that it is still to be made, of
    another modality.
    """
    lead = _LEAD.match(words)
    pieces = _PARTS.split(words[lead.end() :] if lead else _NUMBERED.sub("", words, count=1))
    # What goes on after a semicolon: "cannot be excluded; dedicated neck ultrasound."
    concluding = concluding or words[:1].islower()
    for mark, part, end in zip(
        [";" if continued else "", *pieces[1::2]], pieces[::2], [*pieces[1::2], ""], strict=True
    ):
        exam = EXAM_WORD.search(part)
        where = (concluding, mark, bool(lead), own)
        strict = exam is not None and _names_exam_only(part, exam) and _asks(part, exam, where)
        if strict or (exam and concluding and not end.startswith(":") and _is_ordered(part, exam, where)):
            yield part


def _is_ordered(part: str, exam: re.Match[str], where: tuple[bool, str, bool, str]) -> bool:
    """Whether a conclusion names it with few other words, none of a result: "quad phase CT as inpatient"."""
    ahead, behind = _words(without_interval(part[: exam.start()])), _BRACKETED.sub("", part[exam.end() :])
    purpose = _FOR.search(behind)
    after = _words(without_interval(behind[: purpose.start()] if purpose else behind))
    strange = sum(not _is_of_exam(word) for word in (*ahead, *after))
    told = not _TOLD_AHEAD.isdisjoint(ahead) or not _TOLD_BEHIND.isdisjoint(after[:2]) or _YEAR.search(part)
    condition = _CONDITION.search(behind)
    said = {*ahead, *_words(behind[: condition.start()] if condition else behind)} - _ASKED_BY
    if told or strange > _STRANGE or not _TOLD.isdisjoint(said):
        return False
    conditional = where[2] or purpose is not None
    requested = not _REQUESTING.isdisjoint((*ahead, *_words(behind))) or bool(interval_of(part))
    other = any(exam_named(each.group()) != where[3] for each in EXAM_WORD.finditer(part))
    several = bool(ahead or after or where[1]) or " " in exam.group()
    return conditional or requested or (other and strange <= 1 and several)


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
        return asks and (other or (concluding and conditional)) and (concluding >= bool(mark) or where[2])
    named = other and (bool(words) or part[:1].islower()) and not part.isupper()
    return asks or _FOR.search(behind) is not None or named


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _is_of_exam(word: str) -> bool:
    return word in _QUALIFYING or all(map(_is_of_place, re.split("[/-]", word)))


def _is_of_place(word: str) -> bool:
    return word in _QUALIFYING or not ANATOMY.isdisjoint(canonical(word)) or EXAM_WORD.fullmatch(word) is not None
