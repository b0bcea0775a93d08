"""Which words name a side of the patient: not "right ventricle", "left in situ", "shift to the LEFT"."""

from __future__ import annotations

from collections.abc import Sequence

from integration.canonical import Side
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

# "Left ventricle", "right heart" and "left anterior descending" are no side of the patient; nor are "left in place"
# and "the right clinical setting".
_NOT_SIDES = wordset("ventricle atrium atrioventricular heart circumflex in clinical alone untreated behind handed")
# "Opacity silhouetting the RIGHT heart BORDER" is one of the right lung.
_EDGE = wordset("border margin")
_BLURRING = wordset(
    """silhouetting obscuring effacing obliterating blurring silhouettes obscures obliterates blurs obscuration loss
    blurred obscured silhouetted"""
)
_BLURRED = 5
# Of these there are two on one side: "about BOTH MALLEOLI" is on the side of the ankle.
_TWO_EACH = wordset("malleolus condyle epicondyle meniscus compartment plateau cruciate collateral tubercle")
_TWO_THINGS = wordset(
    "component end surface cortex cortical limb bundle fragment lesion nodule cyst mass stone node focus view"
)
OF_SHIFT = frozenset({"shift", "displace", "deviate", "deviation", "bow"})
_MOVED = wordset("drawn pulled pushed moved")
_OF_ORGAN = ANATOMY | wordset("medial lateral upper lower anterior posterior")
_MARKS = wordset(", . ; : ) and with")
# Words between what is moved and where it goes, at most.
_MOVING = 10
# What is left free: "both lungs, SPARING ONLY the left apex", "EXCEPT FOR the right base".
_SPARING = wordset("sparing spares spared except excepting excluding")
# "The lungs are CLEAR except for left basal atelectasis", "NO effusion except on the left".
_NOTHING = wordset("no without clear normal unremarkable negative none not nothing")
_SPARED_OF = 12
_FREE = wordset("for of only the relative at in some")
# Of the two that are compared the first is meant: "the right LUNG IS SMALLER THAN the left".
_COMPARED = 8
_BE = wordset("is are was appears remains appear remain")
# Where there is most of it: "in the bases, PARTICULARLY the left", "MORE PRONOUNCED on the right".
_MOSTLY = wordset(
    """particularly especially notably predominantly mainly mostly principally more most worse greater greatest worst
    larger largest denser pronounced"""
)
_MOSTLY_FAR = 5
_TO_PLACE = wordset(
    """so on in at the of involving within pronounced marked prominent severe extensive conspicuous notable notably
    evident numerous confluent dense and ,"""
)


def sides_in(tokens: Sequence[Token]) -> Side | None:
    """The side these words name, both when they name two."""
    found = {SIDES[token.text] for at, token in enumerate(tokens) if token.text in SIDES and is_side(tokens, at)}
    if not found:
        return None
    if "bilateral" in found or len(found) == 2:
        return Side.BILATERAL
    return Side(found.pop())


def is_side(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word names a side of the patient: not in "right ventricle", "left in situ", "both condyles"."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if tokens[at].text == "both":
        parts = all(_TWO_EACH.isdisjoint(token.canon) for token in tokens[at + 1 : at + 3])
        return parts and (following is None or _TWO_THINGS.isdisjoint(following.canon))
    if _is_direction(tokens, at) or _is_of_lobe(tokens, at) or _is_measured_by(tokens, at):
        return False
    if _is_spared(tokens, at) or _is_measure_of_organ(tokens, at):
        return False
    if following is None or (following.text not in _NOT_SIDES and _NOT_SIDES.isdisjoint(following.canon)):
        return True
    if at + 2 < len(tokens) and tokens[at + 2].text in _EDGE and _is_blurred(tokens, at):
        return True
    # "A cyst ON THE LEFT in the recess", "on the left alone".
    return [token.text for token in tokens[max(0, at - 2) : at]] == ["on", "the"] and following.text in ("in", "alone")


def is_where_most(tokens: Sequence[Token], at: int) -> bool:
    """Whether the side at token `at` only tells where there is most of it: "PARTICULARLY THE LEFT"."""
    place = at - 1
    while place > 0 and at - place < _MOSTLY_FAR and tokens[place].text in _TO_PLACE - _MOSTLY:
        place -= 1
    return place >= 0 and tokens[place].text in _MOSTLY


def _is_spared(tokens: Sequence[Token], at: int) -> bool:
    """Whether it is where the finding is not: "both lungs, SPARING ONLY THE LEFT apex"."""
    place = at - 1
    while place > 0 and tokens[place].text in _FREE:
        place -= 1
    if place < 1 or tokens[place].text not in _SPARING:
        return False
    return all(token.text not in _NOTHING for token in tokens[max(0, place - _SPARED_OF) : place])


def _is_measure_of_organ(tokens: Sequence[Token], at: int) -> bool:
    """Whether one organ is measured by its other: "the right LUNG is less inflated THAN THE LEFT"."""
    than = at - 1 - (at > 1 and tokens[at - 1].text == "the")
    if than < 2 or tokens[than].text != "than" or tokens[than - 1].text == "worse":
        return False
    near = range(max(0, than - _COMPARED), than - 1)
    verb = next((place for place in near if tokens[place].text in _BE), 0)
    own = next((place for place in range(verb - 1, max(-1, verb - 5), -1) if tokens[place].text in SIDES), None)
    if own is None or (own > 1 and tokens[own - 2].text not in _MARKS):
        return False
    return all(not _OF_ORGAN.isdisjoint(token.canon) for token in tokens[own + 1 : verb]) and own + 1 < verb


def _is_direction(tokens: Sequence[Token], at: int) -> bool:
    """Whether the side at token `at` is where something is moved to: "mediastinum drawn TO THE LEFT"."""
    before = [token.text for token in tokens[max(0, at - 2) : at] if token.text != "the"]
    if before[-1:] not in (["to"], ["towards"], ["toward"]):
        return False
    if at + 1 < len(tokens) and not ANATOMY.isdisjoint(tokens[at + 1].canon):
        return False
    near = tokens[max(0, at - _MOVING) : at]
    return any(token.text in _MOVED or not OF_SHIFT.isdisjoint(token.canon) for token in near)


def _is_blurred(tokens: Sequence[Token], at: int) -> bool:
    near = (*tokens[max(0, at - _BLURRED) : at], *tokens[at + 3 : at + 5])
    return any(token.text in _BLURRING for token in near)


def _is_measured_by(tokens: Sequence[Token], at: int) -> bool:
    """Whether it is only what the other side is compared with: "the right dome lies 5 cm ABOVE THE LEFT"."""
    before = [token.text for token in tokens[max(0, at - 3) : at]]
    alone = at + 1 >= len(tokens) or tokens[at + 1].text in _MARKS
    above = before[-2:] in (["above", "the"], ["below", "the"])
    return alone and (above or before in (["higher", "than", "the"], ["lower", "than", "the"]))


def _is_of_lobe(tokens: Sequence[Token], at: int) -> bool:
    """Whether it names a lobe of what lies in the middle: "the RIGHT HEPATIC LOBE", "LEFT LOBE of the liver"."""
    near = tokens[at + 1 : at + 6]
    lobe = next((place for place, token in enumerate(near) if token.text in ("lobe", "lobes")), None)
    if lobe is None or lobe > 2:
        return False
    behind = [token.text for token in near[lobe + 1 : lobe + 2]] in (["of"], ["in"])
    return any("liver" in token.canon for token in (near if behind else near[:lobe]))
