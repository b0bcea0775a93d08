"""What the exam itself says of place and side, for words the report leaves out ("small effusion" of a knee)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from integration.canonical import Quote, SectionKind, Side
from services.reading.reader import Question
from services.reading.rules.anatomy import ANATOMY, widened
from services.reading.rules.headings import EXAM_WORDS, Block
from services.reading.rules.side_headings import heads_both, heads_side
from services.reading.rules.tokens import Token, tokenise
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

# A region's name in an exam title stands for what is read in it.
_REGIONS: dict[str, frozenset[str]] = {
    "head": frozenset({"brain", "intracranial", "skull"}),
    "brain": frozenset({"intracranial"}),
    "chest": frozenset({"lung", "pleura", "mediastinum", "heart"}),
    "mammogram": frozenset({"breast"}),
    "mammography": frozenset({"breast"}),
    "mammo": frozenset({"breast"}),
    "cxr": frozenset({"chest", "lung", "pleura"}),
    "pelvis": frozenset({"bowel"}),
}
_MAJOR = wordset("intracranial chest abdomen spine breast knee hip ankle wrist elbow shoulder hand foot")
_TITLE_WORDS = 14
_HEADING_LENGTH = 60
_EXAM_HEADING = re.compile(r"\b(?:exam\w*|study|stud(?:y|ies)|procedures?|modality|title|part|type)\b", re.IGNORECASE)
_AROUND = wordset("and of the with without contrast for final report preliminary portable")
_TITLE_LENGTH = 200
_QUADRANTS = wordset("rlq ruq llq luq")


class Exam(NamedTuple):
    """Canonical anatomy of the exam's title, the same with wider words (`covered`), and its side when it has one."""

    places: frozenset[str]
    covered: frozenset[str]
    side: Side | None


class Title(NamedTuple):
    """The words with which the report names its exam, and where they stand."""

    text: str
    spans: tuple[tuple[int, int], ...]
    tokens: tuple[Token, ...]

    def quotes(self, report: str) -> tuple[Quote, ...]:
        """The title as quotes of the report."""
        return tuple(Quote(text=report[start:end], start=start, end=end) for start, end in self.spans[:1])


def exam_of(question: Question, blocks: Sequence[Block]) -> Exam:
    """Place and side from the order and the report's title."""
    title = title_of(question.text, blocks)
    return _exam(question.procedure, question.body_site, title.tokens, question.order_side)


@lru_cache(maxsize=1024)
def _exam(procedure: str, body_site: str, titled: tuple[Token, ...], order_side: Side | None) -> Exam:
    tokens = [*tokenise(procedure), *tokenise(body_site), *titled]
    places = frozenset(_regions(tokens))
    return Exam(places, frozenset(widened(places)), _side(titled) or order_side or _side(tokens))


@lru_cache(maxsize=1024)
def regions(text: str) -> frozenset[str]:
    """The major parts of the body a procedure's name or a short title speaks of; none for longer text."""
    tokens = tokenise(text)
    return frozenset(_regions(tokens) & _MAJOR) if len(tokens) <= _TITLE_WORDS else frozenset()


def _regions(tokens: Sequence[Token]) -> set[str]:
    words = {part for token in tokens for part in token.canon}
    places = {word for word in words if word in ANATOMY or word in _REGIONS}
    return places.union(*(_REGIONS.get(word, frozenset()) for word in places))


def title_of(text: str, blocks: Sequence[Block]) -> Title:
    """What stands under "EXAM:", and a first line that is no sentence."""
    return _title(text, tuple(blocks))


@lru_cache(maxsize=8)
def _title(text: str, blocks: tuple[Block, ...]) -> Title:
    spans = [_first_lines(text, block) for block in blocks if block.kind is SectionKind.OTHER and _is_exam(text, block)]
    start = len(text) - len(text.lstrip())
    end = _first_stop(text, start)
    first = tokenise(text, start, end)
    of_one = heads_side(text, start, end) and heads_both(text)
    if not of_one and is_title(first) and _names_exam(first) and not any(_tells(block, start, end) for block in blocks):
        spans.append((start, end))
    tokens = tuple(token for span in spans for token in tokenise(text, *span))
    return Title(" ".join(text[first:last] for first, last in spans), tuple(spans), tokens)


def _is_exam(text: str, block: Block) -> bool:
    """Whether a block stands under "EXAM:" or is the title above the first heading; not who signed it."""
    line = text[max(0, block.start - _HEADING_LENGTH) : block.start].rpartition("\n")[2]
    return not block.headed or _EXAM_HEADING.search(line) is not None


def _tells(block: Block, start: int, end: int) -> bool:
    """Whether the span lies in what a heading says is no title: "HISTORY: Left lumpectomy"."""
    return block.headed and block.kind is not SectionKind.OTHER and block.start < end and start < block.end


def _names_exam(tokens: Sequence[Token]) -> bool:
    """Whether a line says what was examined: by a modality or a view, or by nothing but parts of the body."""
    words = {token.text for token in tokens}
    if not EXAM_WORDS.isdisjoint(words):
        return True
    return all(
        token.text in SIDES
        or not ANATOMY.isdisjoint(token.canon)
        or not token.text[0].isalpha()
        or token.text in _AROUND
        for token in tokens
    )


def is_title(tokens: Sequence[Token]) -> bool:
    """Whether a line names an exam and tells nothing: a few words without a verb or a denial."""
    words = [token.text for token in tokens]
    return 0 < len(words) <= _TITLE_WORDS and not FINITE.intersection(words) and "no" not in words


def _first_stop(text: str, start: int) -> int:
    """End of the first line or sentence."""
    stops = [at for stop in ("\n", ". ") if (at := text.find(stop, start)) >= 0]
    return min(stops, default=len(text))


def _first_lines(text: str, block: Block) -> tuple[int, int]:
    start = block.start
    while start < block.end and text[start].isspace():
        start += 1
    end = text.find("\n\n", start, block.end)
    return start, min(block.end if end < 0 else end, start + _TITLE_LENGTH)


def _side(tokens: Sequence[Token]) -> Side | None:
    """The one side of the title; the right upper quadrant is no side."""
    sides = {
        SIDES[token.text]
        for token, following in zip_longest(tokens, tokens[1:])
        if token.text in SIDES
        and token.text not in _QUADRANTS
        and not (following and following.text in ("upper", "lower"))
    }
    return Side(sides.pop()) if len(sides) == 1 and "bilateral" not in sides else None
