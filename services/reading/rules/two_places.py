"""One finding in two places, of which only one has a side: "fluid in the LEFT mastoid and the sphenoid sinus"."""

from __future__ import annotations

from services.reading.rules.anatomy import ANATOMY, VAGUE, WIDE, related
from services.reading.rules.statements import Statement
from services.reading.rules.targets import Target
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES


def is_of_neighbour(head: Statement, target: Target) -> bool:
    """Whether only the other of two places has a side: "fluid in the LEFT mastoid and THE SPHENOID SINUS"."""
    tokens = head.parsed.sentence.tokens[head.at : head.place.last]
    joins = [at for at, token in enumerate(tokens) if token.text == "and"]
    home = target.organs - WIDE
    if len(joins) != 1 or not home:
        return False
    first, second = tokens[: joins[0]], tokens[joins[0] + 1 :]
    own, other = (second, first) if _names_place(second, home) else (first, second)
    if not _names_place(own, home) or _names_place(other, home) or not _names_any(other):
        return False
    alone = own is first or own[0].text == "the"
    return alone and _is_sided(other) and not _is_sided(own)


def _is_sided(tokens: tuple[Token, ...]) -> bool:
    return any(token.text in SIDES for token in tokens)


def _names_place(tokens: tuple[Token, ...], home: frozenset[str]) -> bool:
    return any(related(home, ANATOMY.intersection(token.canon)) for token in tokens)


def _names_any(tokens: tuple[Token, ...]) -> bool:
    return any(not (ANATOMY - VAGUE).isdisjoint(token.canon) for token in tokens)
