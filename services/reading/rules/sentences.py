"""Sentences of a report: hard line breaks joined where a line was wrapped, split where one was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from integration.canonical import SectionKind
from services.reading.rules.sections import Block
from services.reading.rules.tokens import Token, tokenise
from services.reading.rules.wordset import wordset

_ABBREVIATIONS = wordset(
    """dr mr mrs ms vs approx e.g i.e fig st ca cf al resp incl max min wt ht ser im img est dept prof jr sr dx hx
    tx sx pt inc"""
)
_STOP = re.compile(r"[.!?]+(?=[\s\"')\]]|$|[A-Z])|;(?=\s|$)|(?=\[[ xX]?\])")
_MARKER = re.compile(r"\s*(?:\(?\d{1,2}[.)](?!\d)|\(?[a-hA-H][.)](?=\s)|[-–•*·►>+](?=\s|[A-Z]))\s*")
_LABEL = re.compile(
    r"(?P<label>[A-Z(][^:.;\n!?]{0,60}?|[a-z][a-z /&,-]{1,40}?)[ \t]*:(?=\s|[A-Z]|$)"
    r"|(?P<level>[CTLS]\d{1,2} ?[-–/] ?[CTLS]?\d{1,2})[ \t]*[-–](?=\s)"
)
_LABEL_WORDS = 6
BLANK = re.compile(r"(?<!\*)\*{3}(?!\*)|\[\s*\](?!\()|_{3,}|\{\s*\}")


class Sentence(NamedTuple):
    """A sentence at [start, end). The first `label` tokens are its own label ("Liver:").

    `context`: canonical words of the label it stands under, its own included; `number`: position in the report;
    `paragraph`: number of its paragraph; `blank`: a template's field in it was left open ("***", "[ ]", "___").
    """

    kind: SectionKind
    start: int
    end: int
    tokens: tuple[Token, ...]
    label: int
    context: frozenset[str]
    context_tokens: tuple[Token, ...]
    number: int
    paragraph: int
    blank: bool = False


def sentences(text: str, blocks: list[Block]) -> list[Sentence]:
    """Every sentence of every block, in order."""
    width = max((len(line) for line in text.split("\n")), default=0)
    found: list[Sentence] = []
    paragraph = 0
    open_fields = first_blank(text) is not None
    for block in blocks:
        for start, end in _paragraphs(text, block, width):
            paragraph += 1
            _read_paragraph(text, block.kind, start, end, found, paragraph)
    return [each._replace(blank=_is_blank(text, each)) for each in found] if open_fields else found


def first_blank(text: str) -> re.Match[str] | None:
    """The first field of a template that was left open."""
    return BLANK.search(text) if any(mark in text for mark in ("***", "[", "___", "{")) else None


def _paragraphs(text: str, block: Block, width: int) -> Iterator[tuple[int, int]]:
    """Spans of running text between deliberate breaks."""
    start = at = block.start
    while (newline := text.find("\n", at, block.end)) >= 0:
        line = text[text.rfind("\n", 0, at) + 1 : newline].rstrip()
        following = text[newline + 1 : _line_end(text, newline + 1, block.end)]
        if _breaks(line, following, width):
            yield start, newline
            start = newline + 1
        at = newline + 1
    yield start, block.end


def _line_end(text: str, start: int, end: int) -> int:
    newline = text.find("\n", start, end)
    return end if newline < 0 else newline


def _breaks(line: str, following: str, width: int) -> bool:
    """Whether the break between two lines was meant: the next word would have fitted, or a new item begins."""
    stripped = following.strip()
    if not line.strip() or not stripped or _MARKER.match(following):
        return True
    label = _LABEL.match(stripped) if ":" in stripped or stripped[1:2].isdigit() else None
    if label and len(label.group().split()) <= _LABEL_WORDS and stripped[0].isupper():
        return True
    if stripped[0].islower() or line.rstrip().endswith((",", " and", " or", " of", " the", " with", " no")):
        return False
    word = stripped.split(maxsplit=1)[0]
    return len(line) + len(word) + 1 <= width - 2 or len(line) > 120


def _read_paragraph(text: str, kind: SectionKind, start: int, end: int, found: list[Sentence], paragraph: int) -> None:
    context: tuple[Token, ...] = ()
    words: frozenset[str] = frozenset()
    for first, last in _split(text, start, end):
        tokens = tuple(tokenise(text, first, last))
        label_end = _label_end(text, first, last)
        count = sum(token.end <= label_end for token in tokens) if label_end > 0 else 0
        if count:
            context = tokens[:count]
            words = frozenset(word for token in context for word in token.canon)
        if tokens:
            found.append(Sentence(kind, first, last, tokens, count, words, context, len(found), paragraph))


def _is_blank(text: str, sentence: Sentence) -> bool:
    return BLANK.search(text, sentence.start, sentence.end) is not None


def _label_end(text: str, start: int, end: int) -> int:
    """End of a leading label such as "Liver:" or "L4-L5:", or -1."""
    # Most sentences have no colon and begin with no level.
    if text.find(":", start, end) < 0 and not text[start + 1 : start + 2].isdigit():
        return -1
    match = _LABEL.match(text, start, end)
    if not match or len(match.group().split()) > _LABEL_WORDS:
        return -1
    return match.end()


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first = _skip_marker(text, start, end)
    for match in _STOP.finditer(text, start, end):
        if match.start() < first or not _ends(text, first, match):
            continue
        yield from _trimmed(text, first, match.end())
        first = _skip_marker(text, match.end(), end)
    yield from _trimmed(text, first, end)


def _skip_marker(text: str, start: int, end: int) -> int:
    match = _MARKER.match(text, start, end)
    return match.end() if match else start


def _ends(text: str, first: int, match: re.Match[str]) -> bool:
    """Whether this mark ends a sentence: not after an abbreviation, an initial or inside a number."""
    if not match.group().startswith("."):
        return True
    before = text[first : match.start()].rsplit(maxsplit=2)
    if len(before) > 1 and before[-1] in ("R", "L") and before[-2].islower():
        return True  # "no hydronephrosis on R. Left ..." names a side, "Dr. R. Smith" a person
    word = before[-1].lower().strip("(") if before else ""
    after = text[match.end() : match.end() + 2].strip()
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word not in "ivx"):
        return False
    if word == "no" and after[:1].isdigit():
        return False
    return not (re.fullmatch(r"(?:[a-z]\.)+[a-z]?", word) and not after[:1].isupper())


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    said = text[start:end].strip()
    if said:
        first = text.index(said[0], start)
        yield first, first + len(said)
