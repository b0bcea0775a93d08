"""Whether a report is unfinished: a blank left open, nothing reported, cut short, or broken off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from integration.canonical import Quote
from services.reading.reader import Question
from services.reading.rules.advisories import matched
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.breaking_off import broken_off
from services.reading.rules.fields import first_open
from services.reading.rules.headings import BODY, EXAM_WORDS, Block
from services.reading.rules.sentences import Sentence
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_EMPTY = re.compile(
    r"^[ \t]*(?:(?:impression|conclusion|opinion)[ \t]*:(?=\s*(?:\Z|(?:electronically|signed|dictated|transcribed)\b))"
    r"|(?-i:IMPRESSION|CONCLUSION)(?=\s*\Z))",
    re.IGNORECASE | re.MULTILINE,
)
_UNFINISHED = re.compile(
    r"\b(?:dictation|(?:full |final |formal )?report) (?:to follow|(?:is )?pending|in progress)\b|\bto be dictated\b",
    re.IGNORECASE,
)
_CUT_SHORT = re.compile(
    r"\b(?:exam\w*|study|scan|series|sequences?|acquisition|protocol)\b[^.\n]{0,80}?\b(?:incomplete|terminated"
    r"|aborted|abandoned|not completed|could not be completed|cut short|discontinued)\b",
    re.IGNORECASE,
)
# One of these stands in whatever one of the two matches.
_HINTS = re.compile(
    r"incomplete|terminated|aborted|abandoned|completed|cut short|discontinued|to follow|pending|in progress"
    r"|be dictated"
)
# A first reading above the radiologist's own.
_PRELIMINARY = re.compile(r"\b(?:wet read|preliminary (?:report|read\w*))\b", re.IGNORECASE)
_FINAL = re.compile(r"^[ \t*_]*final report\b", re.IGNORECASE | re.MULTILINE)
_ASKS = re.compile(r"(?:please )?(?:evaluat\w*|eval|assess|check|rule out|r/o|query)\b", re.IGNORECASE)
_RULER = re.compile(r"[_=*-]{4,}")
# With parts of the body, sides, numbers and the names of exams: what was made, when, and with what it is compared.
_OF_THE_EXAM = wordset(
    """pa ap lat lateral frontal upright supine semi erect semierect semi-erect semi-supine prone portable bedside x
    ray single one two three four view views film films image images exam examination study studies radiograph
    radiographs report final wet read version preliminary on at of in the a an and with without from dated is was
    were are made obtained submitted taken acquired performed provided available reviewed to for compared
    comparison prior previous patient's patient most recent earlier same day date today yesterday hours hour hrs
    am pm m p through since none history indication technique findings find impression techni axial coronal
    sagittal intravenous iv contrast after before administration following"""
)


def unfinished(
    question: Question, parts: Sequence[Block], sentences: Sequence[Sentence]
) -> Iterator[tuple[str, tuple[Quote, ...]]]:
    """The first reason why the report is unfinished, in words, with what it rests on; nothing for one that is whole."""
    text = question.text
    blank = _left_open(text, parts)
    if not _reports(text, parts, sentences):
        yield "The report has no findings and no impression", tuple(map(matched, filter(None, [blank])))
        return
    for said, message in _reasons(text, blank):
        if said:
            yield message, (matched(said),)
            return
    names = (name for each in question.catalogue.candidates for name in (each.finding.name, *each.synonyms))
    if broken := broken_off(text, sentences, names):
        yield "The report breaks off", (broken,)


def _reasons(text: str, blank: re.Match[str] | None) -> Iterator[tuple[re.Match[str] | None, str]]:
    yield blank, "A field of the report was left blank"
    yield _EMPTY.search(text), "The impression is empty"
    if _HINTS.search(text.lower()):
        yield _UNFINISHED.search(text), "The report says that it is not finished"
        yield _CUT_SHORT.search(text), "The exam was cut short"


def _left_open(text: str, parts: Sequence[Block]) -> re.Match[str] | None:
    """The first field that was left open; underscores above the findings hide a name or a date."""
    found = first_open(text)
    if found is None or not found.group().startswith("_"):
        return found
    body = [each for each in parts if each.kind in BODY]
    return first_open(text, lambda at: any(part.start <= at < part.end for part in body))


def _reports(text: str, parts: Sequence[Block], sentences: Sequence[Sentence]) -> bool:
    """Whether anything is reported: in all of it, and where a preliminary reading comes first, below that."""
    if not sentences:
        blocks = [text[part.start : part.end] for part in parts if part.kind in BODY]
        return any(char.isalpha() for block in blocks for char in block)
    final = [*_FINAL.finditer(text)]
    below = final[-1].end() if final and _PRELIMINARY.search(text, 0, final[-1].start()) else 0
    follows = any(char.isalpha() for char in text[below:])
    under = [part for part in parts if part.kind in BODY and part.headed]
    body = (each for each in sentences if each.kind in BODY or any(_within(each, part) for part in under))
    said = (each for each in body if each.start >= below or not follows)
    return any(_tells(text, each) for each in said)


def _within(sentence: Sentence, part: Block) -> bool:
    return part.start <= sentence.start < part.end


def _tells(text: str, sentence: Sentence) -> bool:
    """Whether a sentence says more than what exam it is of and what it was made for."""
    said = text[sentence.start : sentence.end]
    if _ASKS.match(said):
        return False
    return not all(
        token.text in _OF_THE_EXAM
        or token.text in EXAM_WORDS
        or token.text in SIDES
        or not token.text[0].isalpha()
        or ANATOMY.issuperset(token.canon)
        for token in sentence.tokens
    )
