"""Words with their offsets, and the canonical form under which spellings of one word meet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from services.reading.rules.compounds import ABBREVIATIONS, COMPOUNDS
from services.reading.rules.words import BRITISH, FORMS

_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS, start=1)}
_SPELLED = rf"(?:{'|'.join(_NUMBERS)})"
_JOINS = r"(?:\s?[-–—/]\s?|\s(?:on|over|upon)\s)"
# "T2 signal" is a weighting, not a vertebra.
_WEIGHTED = (
    r"(?:[-\s/*]*(?:weight|w\b|signal|hyper|hypo|iso|bright|dark|flair|stir|shine|prolong|image|sequence|t[12]\b))"
)
_TOKEN = re.compile(
    # Two letters and more begin nothing but a word: most words are met here, at once.
    r"(?P<plain>(?!and/or|non-|t(?:one|two|ype\s))[^\W\d_]{2,}(?:['’][a-z]+)?\d*)"
    rf"|(?P<weighting>\bt\s?(?:[12]|one|two)(?={_WEIGHTED}))"
    rf"|(?P<level>\b[ctls]\d{{1,2}}{_JOINS}[ctls]?\d{{1,2}}(?![\d]|\.\d))"
    rf"|(?P<spelled>\b[ctls]\s{_SPELLED}\b(?:(?:\sand)?\s(?:[ctls]\s)?{_SPELLED}\b)?)"
    r"|(?P<side>\b(?-i:[RL])\b(?=\s+[A-Za-z]|\s?[,.;)<>]|$)(?!\s+spine))"
    r"|(?P<kind>\btype\s(?:[ab]|[1-5]|i{1,3}|iv)\b)"
    r"|(?P<abbr>\b(?:w/o|s/p|c/w|r/o|b/l|h/o|d/t|and/or|w/)(?![a-z]))"
    r"|(?P<joined>\bnon-[a-z]+)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[^\W\d_]+(?:['’][a-z]+)?\d*)"
    r"|(?P<dash>(?<=\s)[-–—](?=\s)|[–—])"
    r"|(?P<point>[,;:.?!()\[\]/&<>=%+])",
    re.IGNORECASE,
)
# Catalogue phrases are kept without marks: "l4 l5" is the level L4-L5.
_BARE_LEVEL = re.compile(r"\b([ctls]\d{1,2}) ([ctls]\d{1,2})\b")
_LEVEL_PARTS = re.compile(rf"([ctls])(\d{{1,2}}){_JOINS}([ctls]?)(\d{{1,2}})")
_SPELLED_PARTS = re.compile(rf"([ctls])\s({_SPELLED})(?:(?:\sand)?\s([ctls]?)\s?({_SPELLED}))?")


class Token(NamedTuple):
    """A word or mark at [start, end) of the report; `canon`: the canonical words it stands for."""

    text: str
    canon: tuple[str, ...]
    start: int
    end: int


@lru_cache(maxsize=1)
def _level_last() -> dict[str, str]:
    # The disc below the last vertebra of a region is named with the next region's first.
    return {"c": "t", "t": "l", "l": "s"}


def level(text: str) -> str:
    """A spinal level in one spelling: "L4/5", "L4-5" and "L4 - L5" are "l4-l5"; other text unchanged."""
    match = _LEVEL_PARTS.fullmatch(text.lower())
    if not match:
        return text.lower()
    first, low, second, high = match.groups()
    if not second:
        second = first if int(high) > int(low) else _level_last().get(first, first)
    return f"{first}{int(low)}-{second}{int(high)}"


@lru_cache(maxsize=16384)
def canonical(word: str) -> tuple[str, ...]:
    """The canonical words for a lower-case word: plural, British spelling and compounds resolved."""
    if word in COMPOUNDS:
        return COMPOUNDS[word]
    for form in (word, _british(word), _singular(_british(word))):
        if form in COMPOUNDS:
            return COMPOUNDS[form]
        if form in FORMS:
            return (FORMS[form],)
    return (_noun(_singular(_british(word))),)


def _noun(word: str) -> str:
    """One word for "deviation", "deviated" and "deviating"."""
    if len(word) > 7:
        for ending in ("ation", "ated", "ating"):
            if word.endswith(ending):
                return word.removesuffix(ending) + "ate"
    return word


def _british(word: str) -> str:
    if len(word) < 5:
        return word
    for old, new in BRITISH:
        word = word.replace(old, new)
    return word


def _singular(word: str) -> str:
    if len(word) < 4 or word.endswith(("ss", "us", "is", "ous")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def tokenise(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of text[start:end]; offsets are into `text`. Hyphens inside words separate words."""
    return [
        _token(*_written(match.lastgroup, match.group()), *match.span())
        for match in _TOKEN.finditer(text, start, len(text) if end is None else end)
    ]


def _spelled(text: str) -> str:
    """A dictated level: "c four five" is "c4-c5", "l three" is "l3"."""
    match = _SPELLED_PARTS.fullmatch(" ".join(text.split()))
    if not match:
        return text
    first, low, second, high = match.groups()
    return level(f"{first}{_NUMBERS[low]}-{second}{_NUMBERS[high]}") if high else f"{first}{_NUMBERS[low]}"


def _token(text: str, canon: tuple[str, ...], start: int, end: int) -> Token:
    # The constructor of a named tuple takes its arguments apart once more; this runs for every word of a report.
    return tuple.__new__(Token, (text, canon, start, end))


@lru_cache(maxsize=32768)
def _written(kind: str | None, written: str) -> tuple[str, tuple[str, ...]]:
    """A word or mark as compared, and its canonical words."""
    if kind in ("plain", "word", "joined"):
        return _word(written)
    raw = written.lower()
    if kind == "level":
        raw = level(raw)
    elif kind == "spelled":
        raw = _spelled(raw)
    elif kind == "side":
        raw = {"r": "right", "l": "left"}[raw]
    elif kind == "kind":
        raw = "-".join(raw.split())
    elif kind == "weighting":
        raw = "weighting"
    return "-" if kind == "dash" else raw, (raw,)


def _word(written: str) -> tuple[str, tuple[str, ...]]:
    plain = _plain(written.lower().replace("’", "'"))
    return plain, canonical(plain)


def _plain(word: str) -> str:
    """Contractions as the denial they hold; "non-displaced" as one word."""
    if word.endswith("n't"):
        return "cannot" if word == "can't" else "not"
    word = word.removesuffix("'s").replace("-", "")
    return ABBREVIATIONS.get(word, word)


def words_of(phrase: str) -> list[Token]:
    """The tokens of a phrase, marks left out."""
    phrase = _BARE_LEVEL.sub(r"\1-\2", phrase)
    return [token for token in tokenise(phrase) if token.text[0].isalnum() or "/" in token.text[1:]]
