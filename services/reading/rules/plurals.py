"""Sides that no word for a side says: "the apices", "the middle lobe", "symmetric", "the kidneys contain cysts"."""

from __future__ import annotations

import itertools

from integration.canonical import Side
from services.reading.rules.side_words import is_side, is_where_most, sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

# Plural of what there is one of on each side.
_BOTH = wordset(
    """kidneys lungs apices bases breasts hila adrenals ovaries knees hips ankles wrists elbows shoulders hands feet
    orbits mastoids foramina neuroforamina tonsils hemidiaphragms ureters testes parotids thalami maxillae adnexae
    hippocampi carotids axillae nipples antra hemithoraces pleurae convexities"""
)
_EACH = wordset("lobes sinuses zones angles fields glands joints hemispheres ventricles horns compartments implants")
_PAIRED = wordset(
    """upper lower maxillary costophrenic adrenal facet lung lateral cerebral cerebellar frontal temporal
    sphenoid ethmoid ethmoidal sphenoidal saline silicone breast subpectoral prepectoral retropectoral subglandular
    retroglandular"""
)
_SYMMETRIC = wordset("symmetric symmetrical symmetrically saddle batwing bat")
# Bones of the trunk have no side.
_SKELETON = wordset("bone osseous sclerotic lytic blastic skeleton skeletal vertebra spine")
_COUNTLESS = wordset("innumerable countless miliary")
# Of these there is one, on the right.
_ON_THE_RIGHT = frozenset({("middle", "lobe"), ("minor", "fissure"), ("horizontal", "fissure")})
ENDS = wordset(", . ; and both")
# Without one of these nothing here says a side.
SAYING = _BOTH | _EACH | _SYMMETRIC | _COUNTLESS | {first for first, _ in _ON_THE_RIGHT}


def told_in(tokens: tuple[Token, ...]) -> Side | None:
    """The side these words tell in any way: by a word for it, a plural of a pair, a lobe there is one of."""
    side = sides_in(tokens)
    if side is None:
        return of_plural(tokens) or of_lobe(tokens) or symmetric(tokens)
    return Side.BILATERAL if of_lobe(tokens) not in (None, side) or of_both(tokens) else side


def of_both(tokens: tuple[Token, ...]) -> bool:
    """Whether the side named is only that of most of what is in both: "the lower LOBES, PARTICULARLY the left"."""
    named = [at for at, token in enumerate(tokens) if token.text in SIDES and is_side(tokens, at)]
    return bool(named) and all(is_where_most(tokens, at) for at in named) and of_plural(tokens) is not None


def of_plural(tokens: tuple[Token, ...]) -> Side | None:
    """ "In both" is what the plural of a paired organ says: "the apices", "the lower lobes"."""
    for at, token in enumerate(tokens):
        if token.text in _BOTH or (token.text in _EACH and at and tokens[at - 1].text in _PAIRED):
            return Side.BILATERAL
    return None


def of_lobe(tokens: tuple[Token, ...]) -> Side | None:
    """There is a middle lobe on the right only, and a minor fissure."""
    for first, second in itertools.pairwise(tokens):
        if (first.text, second.text) in _ON_THE_RIGHT:
            return Side.RIGHT
    return None


def symmetric(tokens: tuple[Token, ...]) -> Side | None:
    """What is symmetric is on both sides, and what its name calls so ("SADDLE embolus")."""
    return None if _SYMMETRIC.isdisjoint([token.text for token in tokens]) else Side.BILATERAL


def countless(tokens: tuple[Token, ...]) -> Side | None:
    """What nobody can count is on both sides: "INNUMERABLE nodules, the largest 3 cm right base"."""
    if any(not _SKELETON.isdisjoint((token.text, *token.canon)) for token in tokens):
        return None
    return Side.BILATERAL if any(token.text in _COUNTLESS for token in tokens) else None


def of_subject(tokens: tuple[Token, ...], start: int, head: int) -> Side | None:
    """ "The KIDNEYS contain numerous CYSTS": what several of is said to be in both."""
    verb = next((at for at in range(start, head) if tokens[at].text in FINITE), start)
    several = tokens[head].text.endswith("s") and not tokens[head].text.endswith(("ss", "is"))
    return of_plural(tokens[start:verb]) if several else None


def plural_next(tokens: tuple[Token, ...], at: int, end: int) -> Side | None:
    """ "Mild emphysema, UPPER LOBES.": a plural that ends the remark after a comma."""
    own = tokens[at + 1 : at + 4]
    stop = next((place for place, token in enumerate(own) if token.text in ENDS), len(own))
    ended = at + 1 + stop >= end or stop < len(own)
    return of_plural(own[:stop]) if tokens[at].text == "," and ended else None
