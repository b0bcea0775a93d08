"""Where something is shifted to, which is its side: "leftward shift", "septum displaced TO THE RIGHT"."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.side_words import OF_SHIFT
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_MEASURES = wordset(
    """now is of measuring measures currently approximately about today mm cm up to , has reduced decreased increased
    improved progressed diminished lessened been slightly further"""
)
TOWARDS = {"leftward": Side.LEFT, "leftwards": Side.LEFT, "rightward": Side.RIGHT, "rightwards": Side.RIGHT}
# What wanders from one place to another: "has MIGRATED FROM the neck to the right chest wall".
WANDERING = wordset(
    """migrated migrating moved moving spread spreading spreads extends extending extended tracks tracking passed
    travelled traveled descended progressed"""
)
_JOURNEY = 8
_PLACE = 5
# What is shifted, and how far from it that is said.
_MIDDLE = wordset("midline septum pellucidum falx")
_NEAR = 4


def is_shifted(tokens: tuple[Token, ...], head: int) -> bool:
    """Whether the head is a shift, or what is shifted: "displacement of the SEPTUM pellucidum"."""
    if not OF_SHIFT.isdisjoint(tokens[head].canon):
        return True
    near = tokens[max(0, head - _NEAR) : head + _NEAR]
    return not _MIDDLE.isdisjoint(tokens[head].canon) and any(not OF_SHIFT.isdisjoint(each.canon) for each in near)


def direction(tokens: tuple[Token, ...], window: tuple[int, int], head: int) -> Side | None:
    """Where something is shifted to: "leftward shift", "shift to the left", "right-to-left shift"."""
    start = max(0, min(window[0], head - 6))
    near = tokens[start : max(window[1] + 4, _behind_size(tokens, head))]
    for token in near:
        if token.text in TOWARDS:
            return TOWARDS[token.text]
    for at, token in enumerate(near[:-1]):
        if token.text in ("to", "towards", "toward"):
            after = near[at + 1 : at + 3]
            found = next((SIDES[each.text] for each in after if each.text in SIDES), None)
            if found:
                return Side(found)
    return None


def _behind_size(tokens: tuple[Token, ...], head: int) -> int:
    """Where the direction ends that its size comes before: "midline shift NOW 3 MM TO THE RIGHT"."""
    at = head + 1
    while at < len(tokens) and (tokens[at].text in _MEASURES or tokens[at].text[0].isdigit()):
        at += 1
    return at + 3


def goal_of(tokens: tuple[Token, ...], at: int, end: int) -> tuple[Token, ...]:
    """The words of where it came to, if it went there from elsewhere by the wandering word at token `at`; else none."""
    if [token.text for token in tokens[at + 1 : at + 2]] != ["from"]:
        return ()
    last = min(end, at + _JOURNEY)
    to = next((place for place in range(at + 2, last) if tokens[place].text in ("to", "into", "towards")), end)
    return tokens[to + 1 : min(end, to + _PLACE)]
