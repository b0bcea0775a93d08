"""What the exam itself says of place and side, for words the report leaves out ("small effusion" of a knee)."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from integration.canonical import SectionKind, Side
from services.reading.reader import Question
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.clauses import FINITE
from services.reading.rules.sections import Block
from services.reading.rules.tokens import Token, tokenise
from services.reading.rules.words import SIDES

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
_TITLE_WORDS = 14


class Exam(NamedTuple):
    """Canonical anatomy of the exam's title, and its side when it has one."""

    places: frozenset[str]
    side: Side | None


def exam_of(question: Question, blocks: list[Block]) -> Exam:
    """Place and side from the order and the report's title."""
    titles = [question.procedure, question.body_site, *_titles(question.text, blocks)]
    tokens = [token for title in titles for token in tokenise(title)]
    words = {part for token in tokens for part in token.canon}
    places = {word for word in words if word in ANATOMY or word in _REGIONS}
    for word in tuple(places):
        places |= _REGIONS.get(word, frozenset())
    return Exam(frozenset(places), question.order_side or _side(tokens))


def _titles(text: str, blocks: list[Block]) -> list[str]:
    found = [
        text[block.start : block.end].strip().split("\n\n")[0][:200]
        for block in blocks
        if block.kind is SectionKind.OTHER
    ]
    first = text.lstrip().split("\n", 1)[0]
    words = [token.text for token in tokenise(first)]
    if len(words) <= _TITLE_WORDS and not FINITE.intersection(words) and "no" not in words:
        found.append(first)
    return found


def _side(tokens: list[Token]) -> Side | None:
    """The one side of the title; the right upper quadrant is no side."""
    sides = {
        SIDES[token.text]
        for token, following in zip_longest(tokens, tokens[1:])
        if token.text in SIDES and not (following and following.text in ("upper", "lower"))
    }
    return Side(sides.pop()) if len(sides) == 1 and "bilateral" not in sides else None
