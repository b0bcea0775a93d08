"""Two sides of one finding: "left > right", "mild right and moderate left", "worse on the right", "R 12 mm, L 9 mm"."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.heads import AMBIGUOUS_HEADS, DEVICES, FINDINGS, GENERIC_HEADS
from services.reading.rules.plurals import ENDS
from services.reading.rules.side_words import is_side
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_FINDINGS = (AMBIGUOUS_HEADS | GENERIC_HEADS | DEVICES) - ANATOMY
# Tokens between two sides of one finding, at most.
_NEAR = 6
# What stands between two sides of one finding: "moderate right AND MILD left narrowing", "left > right".
_BETWEEN = wordset(
    """mild moderate severe minimal slight marked minor moderately mildly severely slightly markedly small large trace
    tiny minimally , and or / & + > < = greater than worse more less larger smaller bigger lesser the on side sided"""
)
_JOINS = _BETWEEN - wordset(", the on side sided")
MORE = wordset("worse larger thicker greater more less denser bigger smaller milder")
_DENIALS = wordset("no without nor")
_ONE_EACH = wordset("left right lt rt")
_UNITS = wordset("cm mm the x")
_NAMED_BY_KIND = FINDINGS | wordset(
    "aml angiomyolipoma lipoma hemangioma granuloma fibroid hamartoma adenoma polyp diverticulum hygroma meningioma"
)


def coordinated(tokens: tuple[Token, ...], start: int, end: int) -> Side | None:
    """The side named in tokens [start, end), with the other one where it is said of the same thing."""
    found = [at for at in range(start, end) if tokens[at].text in SIDES and is_side(tokens, at)]
    sides = {with_other(tokens, at) for at in found}
    return sides.pop() if len(sides) == 1 else Side.BILATERAL if sides else None


def with_other(tokens: tuple[Token, ...], at: int) -> Side:
    """The side at token `at`; both where it stands beside the other: "left > right", "right hip, mild on the left"."""
    side = Side(SIDES[tokens[at].text])
    for step in (-1, 1):
        organ = step > 0 and at + 1 < len(tokens) and not ANATOMY.isdisjoint(tokens[at + 1].canon)
        place = at + step + organ
        while 0 <= place < len(tokens) and abs(place - at) <= _NEAR and tokens[place].text in _BETWEEN:
            place += step
        between = {token.text for token in tokens[min(at, place) + 1 : max(at, place)]}
        met = 0 <= place < len(tokens) and abs(place - at) <= _NEAR and not between.isdisjoint(_JOINS)
        if met and SIDES.get(tokens[place].text, side) != side and is_side(tokens, place):
            if organ and not _ends(tokens, place + 1):
                continue
            return Side.BILATERAL
    return side


def is_compared(tokens: tuple[Token, ...], head: int) -> bool:
    """ "Facet arthropathy, WORSE ON THE RIGHT" is on both sides."""
    for at in range(head + 1, len(tokens)):
        if not _FINDINGS.isdisjoint(tokens[at].canon) or tokens[at].text in _DENIALS:
            return False
        if tokens[at].text not in SIDES:
            continue
        before = tokens[max(head, at - 3) : at]
        if _is_against(tokens, at):
            return True
        if before and before[0].text in MORE and before[1:2]:
            return before[1].text in ("on", "in")
    return False


def _is_against(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the side at token `at` is compared with the other: "R>L", "left greater than right"."""
    sign = tokens[at + 1].text if at + 1 < len(tokens) else ""
    other = at + (3 if sign in MORE and [token.text for token in tokens[at + 2 : at + 3]] == ["than"] else 2)
    compared = sign in ("<", ">") or other == at + 3
    return compared and other < len(tokens) and {tokens[at].text, tokens[other].text} <= _ONE_EACH


def is_elided(tokens: tuple[Token, ...], head: int, side: Side) -> bool:
    """ "Large left effusion, SMALL RIGHT", "left mass 6.1 cm, RIGHT 3.8 cm": the other side, the noun left out."""
    for at in range(head + 1, min(head + 1 + _NEAR + 3, len(tokens))):
        word = tokens[at].text
        if SIDES.get(word) == side:
            continue
        if word in SIDES:
            told = at + 1 < len(tokens) and tokens[at + 1].text in _BETWEEN and tokens[at + 1].text not in ENDS
            alone = _ends(tokens, at + 1 + told) and not _names_another(tokens, at + 1 + told)
            return SIDES[word] is not Side.BILATERAL and is_side(tokens, at) and alone
        if word not in _BETWEEN and not word[0].isdigit() and word not in _UNITS and not _is_of_measure(tokens, at):
            return False
    return False


def _is_of_measure(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether one is measured by the other: "the right effusion IS larger THAN the left"."""
    near = [token.text for token in tokens[at + 1 : at + 4]]
    return tokens[at].text in ("is", "remains", "slightly", "now") and "than" in near and not MORE.isdisjoint(near)


def _ends(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether no noun follows."""
    return at >= len(tokens) or tokens[at].text in ENDS or tokens[at].text[0].isdigit()


def _names_another(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a thing of its own follows the size at token `at`: "cyst, R 12 MM STONE"."""
    while at < len(tokens) and (tokens[at].text[0].isdigit() or tokens[at].text in _UNITS):
        at += 1
    return any(not _NAMED_BY_KIND.isdisjoint(token.canon) for token in tokens[at : at + 2])
