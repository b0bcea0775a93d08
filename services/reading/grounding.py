"""Where a quote stands in the report, and whether it can carry what is said of a candidate.

Exact match first; then a match under folding (white space, case, dashes, typographic quotes, ligatures, characters
no one sees), mapped back: a located quote is always an exact slice of the report.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from integration.canonical import Quote, SectionKind, Status
from services.reading.injection import flag
from services.reading.reader import Candidate, Catalogue, Question
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.headings import Block
from services.reading.rules.sections import blocks
from services.reading.rules.targets import NORMAL_WORDS, Target, compile_catalogue
from services.reading.rules.tokens import tokenise

MAX_QUOTES = 2
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_QUOTES = dict.fromkeys(map(ord, "‘’‚‛′`´"), "'") | dict.fromkeys(map(ord, "“”„‟″«»"), '"')
_FOLDS = _DASHES | _QUOTES
_TELLS_NOTHING = frozenset({SectionKind.INDICATION, SectionKind.HISTORY})


def locate(text: str, quote: str) -> Quote | None:
    """The passage of `text` that the quote copies, the first one; None when there is none."""
    wanted = quote.strip()
    if not wanted:
        return None
    at = text.find(wanted)
    if at >= 0:
        return Quote(text=wanted, start=at, end=at + len(wanted))
    return _locate_folded(text, wanted)


def _locate_folded(text: str, wanted: str) -> Quote | None:
    folded, origins = _folded(text)
    needle = _folded(wanted)[0].strip()
    at = folded.find(needle) if needle else -1
    if at < 0:
        return None
    start, end = origins[at], origins[at + len(needle) - 1] + 1
    return Quote(text=text[start:end], start=start, end=end)


@lru_cache(maxsize=64)
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """The folded text, and for each of its characters the offset of the character it came from."""
    kept: list[str] = []
    origins: list[int] = []
    for at, char in enumerate(text):
        for part in _fold(char):
            if part == " " and kept and kept[-1] == " ":
                continue
            kept.append(part)
            origins.append(at)
    return "".join(kept), tuple(origins)


def _fold(char: str) -> str:
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cf", "Cc"):
        return ""
    plain = _FOLDS.get(ord(char), char)
    return plain if plain.isascii() and not plain.isupper() else unicodedata.normalize("NFKC", plain).casefold()


def ground(quotes: Iterable[str], question: Question, candidate: Candidate, status: Status) -> tuple[Quote, ...]:
    """The quotes that stand in the report and can carry the status; empty: the verdict is unsupported.

    A flagged span carries nothing; a "present" must not lie in the indication or history alone.
    """
    located = (found for quote in quotes if (found := locate(question.text, quote)))
    flagged = flag(question.text)
    clean = tuple(dict.fromkeys(found for found in located if not any(_overlap(found, span) for span in flagged)))
    if status is Status.PRESENT and _tells_nothing(clean, blocks(question.text, question.sections)):
        return ()
    return clean[:MAX_QUOTES] if supports(candidate, status, clean) else ()


def supports(candidate: Candidate, status: Status, quotes: tuple[Quote, ...]) -> bool:
    """Whether one of the quotes names the candidate, or (for "absent") calls its place normal."""
    target = _compiled(candidate)
    return any(_names(target, quote.text, status) for quote in quotes)


@lru_cache(maxsize=512)
def _compiled(candidate: Candidate) -> Target:
    return compile_catalogue(Catalogue(id="", version="", title="", candidates=(candidate,))).targets[0]


def _names(target: Target, text: str, status: Status) -> bool:
    tokens = tokenise(text)
    words = {part for token in tokens for part in token.canon}
    named = (each for each in target.patterns if each.mode in ("plain", "flipped") or status is Status.ABSENT)
    if any(pattern.head in words and pattern.needs - ANATOMY <= words for pattern in named):
        return True
    normal = bool(NORMAL_WORDS.intersection(token.text for token in tokens))
    return status is Status.ABSENT and normal and any(each.subject & words for each in target.normals)


def _tells_nothing(quotes: tuple[Quote, ...], parts: list[Block]) -> bool:
    kinds = [next((part.kind for part in parts if part.start <= quote.start < part.end), None) for quote in quotes]
    return bool(kinds) and all(kind in _TELLS_NOTHING for kind in kinds)


def _overlap(first: Quote, second: Quote) -> bool:
    return first.start < second.end and second.start < first.end
