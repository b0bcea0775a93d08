"""Normality by measurement: "CBD 3 mm" says that the duct is of normal width.

Only a plain measurement of one structure counts, and only one within its limit: no finding is ever asserted by size.
Limits are upper limits of normal in adults as radiology references give them, in mm.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from services.reading.rules.tokens import Token
from services.reading.rules.words import STOP
from services.reading.rules.wordset import wordset

_LIMITS = (
    (wordset("common bile duct"), 6.0),
    (wordset("common duct"), 6.0),
    (wordset("gallbladder wall"), 3.0),
    (wordset("aorta"), 30.0),
    (wordset("main lung artery"), 29.0),
    (wordset("appendix"), 6.0),
)
# What a normal size denies.
WIDTHS = wordset("dilate thicken enlarge widen aneurysm")
UNITS = {"mm": 1.0, "cm": 10.0}
_AROUND = STOP | wordset(
    """measure measures measuring diameter thickness caliber size maximal maximum normal mm cm : , . ( ) up
    approximately about abdomen has thick width"""
)


def within_limit(tokens: Sequence[Token], context: frozenset[str]) -> bool:
    """Whether the tokens only measure a structure, and what they measure is of normal size."""
    sizes = [
        float(token.text) * UNITS[after.text]
        for token, after in itertools.pairwise(tokens)
        if after.text in UNITS and token.text[0].isdigit()
    ]
    said = {word for token in tokens for word in token.canon if not word[0].isdigit()}
    if len(sizes) != 1:
        return False
    named = next(((words, limit) for words, limit in _LIMITS if words <= said | context and words & said), None)
    return named is not None and said - named[0] <= _AROUND and sizes[0] <= named[1]
