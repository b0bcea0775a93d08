"""Sides told by another: "the CONTRALATERAL kidney", "on THE OTHER side", "on THAT side"."""

from __future__ import annotations

from collections.abc import Sequence

from integration.canonical import Side
from services.reading.rules.sentences import Sentence
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_OPPOSITE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
_OTHER, _SAME = wordset("contralateral contralaterally"), wordset("ipsilateral ipsilaterally")
# The same, before "side".
_OTHER_SIDE, _SAME_SIDE = wordset("other opposite"), wordset("that same this")

# What only reaches over there: "crossing TO THE opposite side".
_TOWARDS = wordset("to towards toward across into")


def with_sides(sentence: Sentence, last: Side | None) -> tuple[Sentence, Side | None]:
    """The sentence with left or right for a side told by the one named before it; and the side it names last.

    `last`: the one side named before the sentence, None where none was.
    """
    tokens = list(sentence.tokens)
    for at, token in enumerate(tokens):
        if token.text in ("left", "right", "lt", "rt"):
            last = Side(SIDES[token.text])
        elif last and (meant := _meant(tokens, at, last)):
            tokens[at] = token._replace(text=meant.value, canon=(*token.canon, meant.value))
            last = meant
    return (sentence if tokens == list(sentence.tokens) else sentence._replace(tokens=tuple(tokens))), last


def _meant(tokens: Sequence[Token], at: int, last: Side) -> Side | None:
    word = tokens[at].text
    if {token.text for token in tokens[max(0, at - 2) : at]} & _TOWARDS:
        return None
    before_side = at + 1 < len(tokens) and tokens[at + 1].text == "side"
    if word in _OTHER or (before_side and word in _OTHER_SIDE):
        return _OPPOSITE[last]
    return last if word in _SAME or (before_side and word in _SAME_SIDE) else None
