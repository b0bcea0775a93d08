"""Words with their offsets, and the canonical form under which spellings of one word meet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from services.reading.lexicon import lexicon
from services.reading.rules.compounds import ABBREVIATIONS, COMPOUNDS
from services.reading.rules.words import BRITISH, FORMS

_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS, start=1)}
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth"),
)
_ROMAN = dict(zip(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii"), "12345678", strict=True))
_SPELLED = rf"(?:{'|'.join(_NUMBERS)})"
_JOINS = r"(?:\s?[-–—/]\s?|\s(?:on|over|upon)\s)"
# "T2 signal" is a weighting, not a vertebra.
_WEIGHTED = (
    r"(?:[-\s/*]*(?:weight|w\b|signal|hyper|hypo|iso|bright|dark|flair|stir|shine|prolong|image|sequence|t[12]\b))"
)
_SEGMENT = r"(?:[1-8]|viii|vii|vi|iv|v|i{1,3})(?:\s?[ab])?\b(?!\s?[mc]m|\.\d)"
_BONE = (
    r"(?:[1-9]\d?(?:st|nd|rd|th)\b|metacarp|metatars|phalan|radi(?:us|al)\b|ulna|humer|femor|femur|tibia|fibula|rib|clavic"
    r"|scaph|nof\b|neck\b|shaft|malleol|pelvi|pubic|acetab|patell|calcan|talus|talar|vertebra|[ctl]\d|wrist|ankle|hip\b"
    r"|hand|toe|thumb|finger|nasal|mandib|skull|orbital|zygom|olecranon|condyl|tuberos|scapul|stern|distal|proximal|sacr"
    r"|bone|mid|base\b)"
)
# A "#" that begins a line numbers it, where no bone follows: "# Acute pancreatitis".
_BROKEN = rf"(?<!\#)(?:(?<!\n)(?<!\n[ \t])|(?=\#\s?(?:[\w-]{{1,20}}\s){{0,3}}{_BONE}))\#"
_TOKEN = re.compile(
    # The space before a word goes with it: where one stands alone every alternative would be tried in vain.
    r"\s?+(?:"
    # Two letters and more begin nothing but a word: most words are met here, at once.
    r"(?P<plain>(?!and/or|non-|sub[\s-](?:arachnoid|dural|galeal)|(?:ext|int)ra[\s-]axial|gall[\s-]bladder|port[\s-][ao][\s-]cath|foramen\smagnum|t(?:one|two|ype\s)|seg(?:ment)?s?\.?[\s-][1-8iv])[^\W\d_]{2,}(?:['’][a-z]+)?\d*)"
    r"|(?P<parted>\b(?:sub[\s-](?:arachnoid|dural|galeal)[a-z]*|(?:ext|int)ra[\s-]axial(?:ly)?|gall[\s-]bladders?|port[\s-][ao][\s-]caths?|foramen\smagnum\b))"
    rf"|(?P<weighting>\bt\s?(?:[12]|one|two)(?:(?={_WEIGHTED})|(?<=low\st[12])|(?<=high\st[12])|(?<=bright\st[12])))"
    rf"|(?P<level>\b[ctls]\d{{1,2}}{_JOINS}[ctls]?\d{{1,2}}(?![\d]|\.\d))"
    rf"|(?P<spelled>\b[ctls]\s{_SPELLED}\b(?:(?:\sand)?\s(?:[ctls]\s)?{_SPELLED}\b)?)"
    # An initial ("Dr R. Okafor", "L. Smith") is no side.
    r"|(?P<side>(?<!Dr\s)(?<!Dr\.\s)(?<!by\s)\b(?-i:[RL])\b(?=\s+(?:[A-Za-z]|\d{1,2}(?:st|nd|rd|th)\b|\d{1,3}(?:\.\d)?\s?[mc]m\b)|\s?[,;:)<>+=&]|\s[-–]\s|\.(?!\s?[A-Z][a-z]+\b)|(?<=[a-z<>]\s[RL])\.|$)(?!\s+spine))"
    rf"|(?P<segment>\bseg(?:ment)?s?\.?[\s-]{_SEGMENT}(?:(?:\s?[,/&-]\s?|\sand\s){_SEGMENT})*)"
    r"|(?P<kind>\btype\s(?:[ab]|[1-5]|i{1,3}|iv)\b)"
    r"|(?P<abbr>\b(?:w/o|s/p|c/w|r/o|b/l|h/o|d/t|s/o|and/or|d/w|w/)(?![a-z]))"
    r"|(?P<joined>\bnon-[a-z]+)"
    rf"|(?P<mark>\([-–−+]\)|(?<!\w)[-–−+]ve\b|{_BROKEN}(?!\s*\#|\s?\d(?!\d?(?:st|nd|rd|th)\b)))"
    r"|(?P<ordinal>\b(?:1st|2nd|3rd|[4-9]th|1[0-2]th)\b)"
    r"|(?P<number>\d+(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"|(?P<word>[^\W\d_]+(?:['’][a-z]+)?\d*)"
    r"|(?P<dash>(?<=\s)[-–—](?=\s)|[–—])"
    r"|(?P<point>[,;:.?!()\[\]/&<>=%+]))",
    re.IGNORECASE,
)
# Thoracic vertebrae are dorsal ones in much of the world.
_THORACIC = re.compile(r"d(?:[2-9]|1[0-2])")
# Catalogue phrases are kept without marks: "l4 l5" is the level L4-L5.
_BARE_LEVEL = re.compile(r"\b([ctls]\d{1,2}) ([ctls]\d{1,2})\b")
_LEVEL_PARTS = re.compile(rf"([ctls])(\d{{1,2}}){_JOINS}([ctls]?)(\d{{1,2}})")
_SPELLED_PARTS = re.compile(rf"([ctls])\s({_SPELLED})(?:(?:\sand)?\s([ctls]?)\s?({_SPELLED}))?")


_HOMOGRAPHS = {word: frozenset(following) for word, following in lexicon("homographs").items()}


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
    # The constructor of a named tuple takes its arguments apart once more; this runs for every word of a report.
    new = tuple.__new__
    found = [
        new(Token, (*_written(kind := match.lastgroup or "", match[kind]), *match.span(kind)))
        for match in _TOKEN.finditer(text, start, len(text) if end is None else end)
    ]
    if not _HOMOGRAPHS.keys().isdisjoint([token.text for token in found]):
        return [token if token.text not in _HOMOGRAPHS else _meant(token, found, at) for at, token in enumerate(found)]
    return found


def _meant(token: Token, tokens: list[Token], at: int) -> Token:
    """The token, which is no place before certain words: "RADIAL tear"."""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if following not in _HOMOGRAPHS[token.text]:
        return token
    # Of "iliac" the canonical word is that of the place itself.
    return token._replace(canon=(token.text if token.canon != (token.text,) else f"{token.text}~",))


def _spelled(text: str) -> str:
    """A dictated level: "c four five" is "c4-c5", "l three" is "l3"."""
    match = _SPELLED_PARTS.fullmatch(" ".join(text.split()))
    if not match:
        return text
    first, low, second, high = match.groups()
    return level(f"{first}{_NUMBERS[low]}-{second}{_NUMBERS[high]}") if high else f"{first}{_NUMBERS[low]}"


@lru_cache(maxsize=32768)
def _written(kind: str, written: str) -> tuple[str, tuple[str, ...]]:
    """A word or mark as compared, and its canonical words."""
    if kind in ("plain", "word", "joined"):
        return _word(written)
    raw = written.lower()
    if kind == "level":
        raw = level(raw)
    elif kind == "parted":
        return _word(re.sub(r"[\s-]", "", raw))
    elif kind == "spelled":
        raw = _spelled(raw)
    elif kind == "side":
        raw = {"r": "right", "l": "left"}[raw]
    elif kind == "mark":
        return _marked(raw)
    elif kind == "number":
        raw = f"0{raw}" if raw[0] == "." else raw
    elif kind == "kind":
        raw = "-".join(raw.split())
    elif kind == "ordinal":
        raw = _ORDINALS[int(raw[:-2]) - 1]
    elif kind == "segment":
        numbers = _segments(raw)
        return numbers[0], numbers
    elif kind == "weighting":
        raw = "weighting"
    return "-" if kind == "dash" else raw, (raw,)


def _segments(raw: str) -> tuple[str, ...]:
    """Numbered segments in one spelling: "segment VI" is "segment-6", "segs 5/6a" are "segment-5" and "segment-6"."""
    numbers = [found.rstrip("ab") for found in re.split(r"[^a-z0-9]+|and", raw)[1:] if found.rstrip("ab")]
    return tuple(f"segment-{_ROMAN.get(number, number)}" for number in numbers)


def _marked(raw: str) -> tuple[str, tuple[str, ...]]:
    """ "(-)" and "-ve" deny, "(+)" and "+ve" assert, "#" is a fracture."""
    if raw == "#":
        return "fracture", ("fracture",)
    word = "positive" if "+" in raw else "negative"
    return word, (word,)


def _word(written: str) -> tuple[str, tuple[str, ...]]:
    plain = _plain(written.lower().replace("’", "'"))
    return plain, canonical(plain)


def _plain(word: str) -> str:
    """Contractions as the denial they hold; "non-displaced" as one word."""
    if word.endswith("n't"):
        return "cannot" if word == "can't" else "not"
    if _THORACIC.fullmatch(word):
        return f"t{word[1:]}"
    word = word.removesuffix("'s").replace("-", "")
    return ABBREVIATIONS.get(word, word)


def words_of(phrase: str) -> list[Token]:
    """The tokens of a phrase, marks left out."""
    return list(_words_of(phrase))


@lru_cache(maxsize=8192)
def _words_of(phrase: str) -> tuple[Token, ...]:
    phrase = _BARE_LEVEL.sub(r"\1-\2", phrase)
    return tuple(token for token in tokenise(phrase) if token.text[0].isalnum() or "/" in token.text[1:])
