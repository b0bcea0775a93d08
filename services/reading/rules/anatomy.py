"""Places of the body: which words name one, and which wider word covers a narrower one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from services.reading.lexicon import lexicon
from services.reading.rules.tokens import words_of


def _places(names: Iterable[str]) -> frozenset[str]:
    """The canonical words of the names."""
    return frozenset(part for name in names for word in words_of(name) for part in word.canon)


# Wider word → the words it covers: "joint effusion" is what a report of "small knee effusion" says.
UMBRELLAS: dict[str, frozenset[str]] = {whole: _places(parts) for whole, parts in lexicon("parts").items()}
# The ACL is a place, as the MCL is; that it is the anterior one is none, nor is "lateral" in "the lateral lower lobe".
_DIRECTIONS = frozenset({"anterior", "posterior", "medial", "lateral"})
ANATOMY = _places(lexicon("places")["named"]).union(*UMBRELLAS.values()) - _DIRECTIONS
# Words too vague to say that a finding stands elsewhere than its candidate's place.
VAGUE = _places(lexicon("places")["vague"])
# Words so wide that naming one of their organs does not name them.
BROAD = frozenset({"abdomen", "intraabdominal", "chest"})
# Words of places so wide that they place nothing beside a narrower one ("temporal bone").
WIDE = frozenset({"bone", "joint", "base", "marrow"})
# Nouns of which there are many, told apart by the words before them.
GENERIC = frozenset(
    {"vein", "artery", "vessel", "bone", "joint", "ligament", "muscle", "tendon", "node", "lymph", "nerve", "duct"}
)
# What there is one of: it takes no side from the words around its noun phrase.
UNPAIRED = _places(lexicon("places")["unpaired"])
# The parts of the body that a limb's or a breast's side is not said of.
CENTRAL = frozenset({"spine", "chest", "abdomen", "brain", "intracranial", "mediastinum"})
# A hip is no part of the abdomen, though the pelvis is.
JOINTS = UMBRELLAS["joint"]
_REGIONS = {
    "cervical": "cervical",
    "c": "cervical",
    "chest": "thoracic",
    "t": "thoracic",
    "lumbar": "lumbar",
    "l": "lumbar",
}
_SPINAL = re.compile(r"[ctls]\d{1,2}(?:-[ctls]\d{1,2})?")


@lru_cache(maxsize=8192)
def is_level(word: str) -> bool:
    """Whether a canonical word is a vertebra or a disc level ("l4", "l4-l5")."""
    return _SPINAL.fullmatch(word) is not None


@lru_cache(maxsize=8192)
def is_vertebra(word: str) -> bool:
    """Whether a canonical word is a vertebra ("l4") and no disc level."""
    return is_level(word) and "-" not in word


def spinal_region(words: Iterable[str]) -> set[str]:
    """The regions of the spine the words name, by name or by a level of it."""
    named = (_REGIONS.get(word[0] if is_level(word) else word) for word in words)
    return {region for region in named if region}


@lru_cache(maxsize=8192)
def _wider(word: str) -> frozenset[str]:
    """The word and every wider word that covers it."""
    wider = {umbrella for umbrella, members in UMBRELLAS.items() if word in members}
    wider |= {umbrella for umbrella, members in UMBRELLAS.items() if members & wider}
    if is_level(word):
        wider |= {"spine", "vertebra", *(["disc"] if "-" in word else ["bone"])}
    return frozenset(wider | {word})


def widened(words: Iterable[str]) -> set[str]:
    """The words and every wider word that covers one of them."""
    return set().union(*map(_wider, words))


def telling(places: frozenset[str]) -> frozenset[str]:
    """Those of the places that tell one from another: of "peroneal vein" the first; all where none does."""
    return places - GENERIC - VAGUE or places


def related(home: frozenset[str], places: Iterable[str]) -> bool:
    """Whether one of the places lies in one of the home words, or around it."""
    # Most are one and the same word.
    near = not home.isdisjoint(places) or not home.isdisjoint(widened(places))
    return near or not widened(home).isdisjoint(places)
