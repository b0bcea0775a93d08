"""Remarks on the whole report: critical results and whether told, follow-up asked for, scores as written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integration.canonical import Advisory, Quote, SectionKind
from services.reading.reader import Question
from services.reading.rules.critical import critical
from services.reading.rules.critical_finding import Found
from services.reading.rules.follow_up import follow_up
from services.reading.rules.scores import scores
from services.reading.rules.sentences import Sentence

_NOW = frozenset(
    {SectionKind.FINDINGS, SectionKind.IMPRESSION, SectionKind.RECOMMENDATION, SectionKind.ADDENDUM, SectionKind.OTHER}
)

# Before the exam nobody is told of what it found.
_BEFORE = frozenset({SectionKind.INDICATION, SectionKind.HISTORY})


def advise(question: Question, sentences: Sequence[Sentence], found: Sequence[Found]) -> list[Advisory]:
    """Critical results, follow-up and scores, each with its quote; offsets into the question's text.

    `found`: the critical findings.
    """
    text = question.text
    speaking = [sentence for sentence in sentences if sentence.kind in _NOW]
    return [
        *critical(question, [each for each in sentences if each.kind not in _BEFORE], found),
        *follow_up(text, speaking, question.modality),
        *scores(text, speaking),
    ]


def matched(found: re.Match[str]) -> Quote:
    """What a pattern found as a quote."""
    return Quote(text=found.group(), start=found.start(), end=found.end())


def quote(text: str, sentence: Sentence) -> Quote:
    """The sentence as a quote."""
    return Quote(text=text[sentence.start : sentence.end], start=sentence.start, end=sentence.end)
