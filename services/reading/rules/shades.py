"""What a word says beyond its canonical word: its shade, and whether it only qualifies the noun after it."""

from __future__ import annotations

from services.reading.lexicon import lexicon
from services.reading.rules.anatomy import ANATOMY, is_level
from services.reading.rules.modifiers import SEEN
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES, STOP
from services.reading.rules.wordset import wordset

_SHADES = {word: shade for shade, words in lexicon("shades").items() for word in words}
_QUALIFYING = frozenset(lexicon("adjectives")["qualifying"])
_PASSAGES = frozenset(lexicon("adjectives")["passages"])
# What may stand between: "obstructing 5 mm stone".
_SIZES = frozenset({"mm", "cm", "x", "."})
_ONE_SIDE = frozenset({"left", "right", "lt", "rt"})
# "Aneurysmal ASCENDING aorta" says which part of the organ.
_PLACED = ANATOMY | wordset("ascending descending upper lower medial lateral proximal distal anterior posterior")
# What goes on to say what it means: "hyperinflated SUGGESTING emphysema".
_MEANING = wordset(
    """suggesting suggestive compatible consistent indicating indicative reflecting representing secondary due likely
    probably possibly keeping"""
)
_ENDS = _MEANING | frozenset(lexicon("adjectives")["empty"]) | FINITE | STOP | SIDES.keys() | frozenset(SEEN)


# The shade of a wording that only its adjective meets, directly before its organ.
ADJECTIVE = "adjective"


def is_adjective(text: str) -> bool:
    """Whether a lower-case word is one of the adjectives that qualify."""
    return text in _QUALIFYING


def shade_of(text: str) -> str:
    """The shade of a lower-case word; "" for one that says what its canonical word says."""
    return _SHADES.get(text, "")


def qualifies(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether token `at` only qualifies the finding named after it: "HEMORRHAGIC cyst".

    "The lungs are EMPHYSEMATOUS" and "a FRACTURED rib" name the finding themselves.
    """
    if tokens[at].text not in _QUALIFYING:
        return False
    for token in tokens[at + 1 :]:
        if token.text in _QUALIFYING or token.text in _SIZES or not _PLACED.isdisjoint(token.canon):
            continue
        if token.text[0].isdigit() or token.text in _ONE_SIDE or is_level(token.text):
            continue
        return token.text[0].isalpha() and token.text not in _ENDS and token.text not in _PASSAGES
    return False
