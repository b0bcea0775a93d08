"""What a hedge reaches: "EITHER a or b", "a COMBINATION of a and a small b", "WHETHER the opacity is a or b"."""

from __future__ import annotations

from collections.abc import Sequence

from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.heads import FINDINGS
from services.reading.rules.modifiers import Hit
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_OR = wordset("or and/or")
# "On EITHER side", "of EITHER kidney" are both, and no choice.
_BOTH = wordset("in on at of from within for to along")
_CAUSAL = wordset("due secondary related attributable")
# Words up to the "or" of a choice, at most.
_CHOICE = 14
# What joins the parts of "a combination of fluid WITH atelectasis AND a small pneumonia".
_JOINING = wordset(", and & with and/or")
_COMBINED = wordset("combination combinations mixture")
# Words from a hedge to what it calls a combination, at most.
_OPENING = 4
_QUESTIONS = wordset("whether if")
_KNOWN = wordset("the this these those it they there")
# What was described before a hedge, at most so many words back.
_DESCRIBED = 16
_SIZED = wordset("a an small mild moderate trace tiny minimal large some slight subtle")
_LONGEST = 8
_TOGETHER = wordset("together")
_SEEN = wordset(
    """attenuation signal density densities stranding change changes lucency opacification haziness blunting finding
    findings appearance appearances markings hypoattenuation widening"""
)
_PAIRED = wordset("left right interstitial alveolar upper lower superior inferior anterior posterior medial lateral")
_PLACING = wordset("the on in at of to than")
_EXPLAINING = wordset("explains explain accounts account")
_GIVEN = wordset("the known associated adjacent accompanying coexistent coexisting concurrent overlying")


def is_choice(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether "either" at `start` opens a choice of two things: "either pneumonia OR atelectasis"."""
    before = tokens[start - 1].text if start else ""
    if before in _BOTH and not (before == "to" and start > 1 and tokens[start - 2].text in _CAUSAL):
        return False
    after = tokens[end] if end < len(tokens) else None
    if after is None or after.text in SIDES or not ANATOMY.isdisjoint(after.canon):
        return False
    return any(token.text in _OR for token in tokens[end : end + _CHOICE])


def goes_on(tokens: Sequence[Token], start: int, first: int, at: int, end: int) -> bool:
    """Whether token `at` joins a further cause to what the hedge at [start, first) reaches."""
    if tokens[at].text in _JOINING and _is_combined(tokens, first):
        return True
    return _is_together(tokens, at, end) or (tokens[at].text == "and" and _is_explained(tokens, start, at, end))


def _is_combined(tokens: Sequence[Token], end: int) -> bool:
    """Whether what a hedge ending at `end` reaches is one combination, whose parts it covers alike."""
    near = [token.text for token in tokens[end : end + _OPENING]]
    return not _COMBINED.isdisjoint(near)


def asked_of(tokens: Sequence[Token], start: int, end: int, last: int) -> int:
    """Where what a question asks begins: the opacity is there in "whether THE opacity IS pneumonia"."""
    if tokens[end - 1].text not in _QUESTIONS or start == end or end >= last or tokens[end].text not in _KNOWN:
        return end
    return next((at + 1 for at in range(end, last) if tokens[at].text in FINITE), end)


def _is_explained(tokens: Sequence[Token], start: int, at: int, end: int) -> bool:
    """Whether "and" at `at` goes on with the causes of what was described: "opacities likely atelectasis AND SMALL
    EFFUSION"; what has a side, place or verb of its own is told by itself.
    """
    own = tokens[at + 1 : end]
    described = any(_is_described(token) for token in tokens[max(0, start - _DESCRIBED) : start])
    if not described or not own or own[0].text not in _SIZED or len(own) > _LONGEST:
        return False
    return not any(token.text in FINITE or token.text in SIDES for token in own)


def _is_together(tokens: Sequence[Token], at: int, end: int) -> bool:
    """Whether a second cause is joined to the first: "likely fluid, TOGETHER WITH atelectasis"."""
    joins = any(token.text in _TOGETHER for token in tokens[max(0, at - 1) : at + 2])
    own = tokens[at + 1 : end]
    return joins and not any(token.text in FINITE or token.text in SIDES for token in own)


def _is_described(token: Token) -> bool:
    return token.text in _SEEN or not FINDINGS.isdisjoint(token.canon)


def is_of_second(tokens: Sequence[Token], hit: Hit) -> bool:
    """Whether only the second of two is hedged, whose noun both share: "RIGHT AND POSSIBLE LEFT effusions"."""
    if not hit.trigger.near or hit.start < 2 or tokens[hit.start - 1].text not in ("and", "&"):
        return False
    first = tokens[hit.start - 2].text
    placed = hit.start > 2 and tokens[hit.start - 3].text in _PLACING
    return first in _PAIRED and not placed and any(token.text in _PAIRED for token in tokens[hit.end : hit.end + 3])


def is_given(tokens: Sequence[Token], at: int) -> bool:
    """Whether what is there begins: "may be atelectasis GIVEN THE effusion", "either EXPLAINS the opacity"."""
    texts = [token.text for token in tokens[at : at + 4]]
    if texts[0] in _EXPLAINING:
        return True
    if texts[:1] == ["given"]:
        return texts[1:2] != [] and texts[1] in _GIVEN
    return texts[:1] == ["in"] and texts[1:3] in (["light", "of"], ["view", "of"])
