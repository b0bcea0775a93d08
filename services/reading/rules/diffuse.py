"""What is in both lungs at once, edema and congestion: no neighbour lends it a side, nor does where it changed most."""

from __future__ import annotations

from services.reading.rules.heads import FINDINGS
from services.reading.rules.natures import DESCRIBED
from services.reading.rules.side_words import is_where_most
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_OF_LUNGS = wordset(
    """pulmonary interstitial alveolar vascular lung lungs hydrostatic cardiogenic perihilar overload volume
    pulmonic cardiac"""
)
_NEAR = 3
_ONE_SIDED = wordset("unilateral asymmetric asymmetrical reexpansion expansion focal")
_OTHERS = FINDINGS | wordset("consolidate atelectasis pneumonia infiltrate pneumothorax opacify")
_DIFFUSE = frozenset({"edema", "congest"})
# How it changed, and how far from a place that is said.
_CHANGED = wordset(
    """improved improving worsened worsening progressed progressing increased increasing decreased decreasing cleared
    clearing improvement change changed resolved resolving progression worse better redistributed"""
)
_FAR = 7


def is_diffuse(tokens: tuple[Token, ...], head: int) -> bool:
    """Whether the head is edema of the lungs or congestion of their vessels."""
    canon, before = tokens[head].canon, tokens[max(0, head - _NEAR) : head]
    if any(token.text in _ONE_SIDED for token in before):
        return False
    if "congest" in canon:
        return True
    near = (*before, *tokens[head : head + 2])
    return "edema" in canon and any(not _OF_LUNGS.isdisjoint((token.text, *token.canon)) for token in near)


def is_of_both_lungs(heads: frozenset[str], organs: frozenset[str]) -> bool:
    """Whether a finding with these heads and organs is one of both lungs."""
    return not heads.isdisjoint(_DIFFUSE) and "lung" in organs


def is_of_change(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the side at token `at` is where it changed most: "has IMPROVED, PARTICULARLY in the left lung"."""
    near = tokens[max(0, at - _FAR) : at]
    return is_where_most(tokens, at) and any(token.text in _CHANGED for token in near)


def is_lent(tokens: tuple[Token, ...], at: int, head: int) -> bool:
    """Whether the side at token `at` before the head is that of another finding, both not only of what is described."""
    others = _OTHERS - DESCRIBED if SIDES[tokens[at].text] == "bilateral" else _OTHERS
    return any(not others.isdisjoint(token.canon) for token in tokens[at + 1 : head])
