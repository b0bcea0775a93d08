"""Spans of a report that speak to its reader instead of about the patient.

The report is data. A span flagged here supports no verdict in any reader, is shown highlighted, and blocks bulk
approval. Patterns are for English, Spanish and German; ordinary dictation ("please correlate clinically", "recommend
follow-up CT", "disregard the previous report") is not flagged.
"""

from __future__ import annotations

import re
from functools import lru_cache

from integration.canonical import Quote
from services.reading.injection_blocks import forged
from services.reading.injection_patterns import HINTS, MARKS, SENTENCES
from services.reading.plain_view import View, view

_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*(?:[.!?]+|\n|$)")
_WORD = re.compile(r"\w+")
_LONG = 16
# Characters looked at before a span, for what opens its line or clings to it.
_LEAD = 200
_MARK = re.compile(rf"[{re.escape(MARKS)}]")
_FENCE = re.compile(r"[<>{}\[\]`]|[Ee](?:nd of|ND OF) |([-=*#~_+|/\\:%@$^&!•─═\"'(«])\1")
# HL7 v2 escapes and invisible characters that stand against a span belong to it.
_BEFORE = re.compile(r"(?:\\\.?\w{1,6}\\|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])+\Z")
_AFTER = re.compile(r"(?:[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\\\.?\w{1,6}\\[^\n]*)+")
_WRAPPED = re.compile(r"\n(?=[ \t]*[a-z])")


@lru_cache(maxsize=64)
def flag(text: str) -> tuple[Quote, ...]:
    """The suspicious spans, in order, not overlapping; each an exact slice of the text."""
    return tuple(quote for quote, _ in flagged(text))


@lru_cache(maxsize=64)
def flagged(text: str) -> tuple[tuple[Quote, str], ...]:
    """The suspicious spans with the name of the pattern that found each."""
    seen = view(text)
    spans = [*_hidden(text), *_blocks(seen), *_sentences(seen)]
    return tuple((Quote(text=text[start:end], start=start, end=end), name) for start, end, name in _merged(text, spans))


def _hidden(text: str) -> list[tuple[int, int, str]]:
    """Runs of tag characters (U+E0000 block): text nobody sees."""
    return [(found.start(), found.end(), "hidden-text") for found in re.finditer(r"[\U000E0000-\U000E007F]{3,}", text)]


def _blocks(seen: View) -> list[tuple[int, int, str]]:
    if not _FENCE.search(seen.text):
        return []
    return [(*seen.original(start, end), name) for start, end, name in forged(seen.text)]


def _sentences(seen: View) -> list[tuple[int, int, str]]:
    """Suspicious sentences; one that opens its line takes the rest of the line with it."""
    joined = _WRAPPED.sub(" ", seen.text)
    words = _WORD.findall(joined.lower())
    hints = tuple(HINTS.intersection(words))
    odd = _MARK.search(joined) is not None or max(map(len, words), default=0) >= _LONG
    if not (hints or odd):
        return []
    spans = []
    line = 0
    for found in _SENTENCE.finditer(joined):
        sentence = found.group()
        name = _suspicion(sentence) if odd or _holds_one(sentence, hints) else ""
        if name:
            start, end = _trimmed(joined, found.start(), found.end())
            if start - line < _LEAD and not joined[line:start].strip(" \t>*#-\"'"):
                end = _line_end(seen.text, end)
            spans.append((*seen.original(start, end), name))
        if sentence.endswith("\n"):
            line = found.end()
    return spans


def _suspicion(sentence: str) -> str:
    lower = sentence.lower()
    words = set(_WORD.findall(lower))
    if HINTS.isdisjoint(words) and not _MARK.search(sentence) and max(map(len, words), default=0) < _LONG:
        return ""
    return next(
        (
            name
            for name, pattern, needs in SENTENCES
            if not (needs and needs.isdisjoint(words)) and pattern.search(lower)
        ),
        "",
    )


def _holds_one(sentence: str, hints: tuple[str, ...]) -> bool:
    """A quick look that rules most sentences out."""
    lower = sentence.lower()
    return any(hint in lower for hint in hints)


def _line_end(text: str, at: int) -> int:
    newline = text.find("\n", at)
    return len(text) if newline < 0 else newline


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _merged(text: str, spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Sorted, overlapping or touching spans as one, under the first name."""
    result: list[tuple[int, int, str]] = []
    for first, last, name in sorted(span for span in spans if span[0] < span[1]):
        if result and last <= result[-1][1]:
            continue
        start, end = _grown(text, first, last)
        if result and (start <= result[-1][1] or not text[result[-1][1] : start].strip(" \t")):
            before = result.pop()
            result.append((before[0], max(before[1], end), before[2]))
        else:
            result.append((start, end, name))
    return result


def _grown(text: str, start: int, end: int) -> tuple[int, int]:
    lead = max(0, start - _LEAD)
    line = max(lead, text.rfind("\n", lead, start) + 1)
    before, after = _BEFORE.search(text, line, start), _AFTER.match(text, end)
    return before.start() if before else start, after.end() if after else end
