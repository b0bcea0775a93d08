"""A place said once of two things: "ground glass AND CONSOLIDATION IN THE LEFT UPPER LOBE"."""

from __future__ import annotations

from services.reading.rules.heads import DEVICES, FINDINGS
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_JOINS = wordset("and & with as")
# What opens a second thing of its own, or ends the remark.
_ANEW = wordset(
    """a an the no without not but there old new remote prior previous small large moderate tiny trace focal solitary
    single another separate one two three several , ; : . ( ) which that"""
)
_IN = wordset("in within along throughout involving at")
_ON = wordset("on")
# Tokens from the first thing to the place, at most.
_LONGEST = 12


def shared_place(tokens: tuple[Token, ...], at: int, end: int) -> tuple[int, int] | None:
    """Tokens [first, last) of the place after "and B in" or "with B in" that belongs to what stands before `at`.

    None where the second thing is one of its own: it has an article, a size, an age or a side before its place.
    """
    if tokens[at].text not in _JOINS:
        return None
    named = False
    for place in range(at + 1, min(end, at + _LONGEST)):
        token = tokens[place]
        if named and (token.text in _IN or (token.text in _ON and tokens[at].text != "with")):
            return place + 1, _place_end(tokens, place + 1, end)
        if token.text in _ANEW or token.text in FINITE or token.text in SIDES or token.text[0].isdigit():
            return None
        if not DEVICES.isdisjoint(token.canon):
            return None
        named = named or token.text not in _JOINS
    return None


def is_placed(tokens: tuple[Token, ...], head: int, at: int) -> bool:
    """Whether the first of the two has a place of its own: "consolidation IN THE RETROCARDIAC REGION and opacity"."""
    return any(token.text in _IN for token in tokens[head + 1 : at])


def _place_end(tokens: tuple[Token, ...], start: int, end: int) -> int:
    """Where the place ends: at a mark, a verb or what is said to be in it."""
    return next(
        (
            at
            for at in range(start, end)
            if tokens[at].text in (",", ";", "(", "with", "without", "but")
            or tokens[at].text in FINITE
            or not FINDINGS.isdisjoint(tokens[at].canon)
        ),
        end,
    )
