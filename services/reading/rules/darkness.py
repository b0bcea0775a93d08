"""White matter that is dark for another reason than small vessel disease: about a lesion, or by what seeps out."""

from __future__ import annotations

from services.reading.rules.targets import Pattern
from services.reading.rules.tokens import Token
from services.reading.rules.words import AROUND
from services.reading.rules.wordset import wordset

# Heads of wordings that call tissue dark, or bright on MR.
DARK = wordset("hypodensity opacity attenuation hyperintensity")
_WHITE = wordset("matter periventricular")
_SEEPING = wordset("transependymal seepage vasogenic exudation ooze")
# Words before and after that may say so.
_BEFORE, _BEHIND = 4, 9


def is_of_another(pattern: Pattern, tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the dark white matter at token `at` is edema: "periventricular LUCENCY, transependymal seepage"."""
    if pattern.needs.isdisjoint(_WHITE) or "surrounding" in pattern.needs:
        return False
    behind = [token.text for token in tokens[at + 1 : at + _BEHIND]]
    near = [token.text for token in tokens[max(0, at - _BEFORE) : at]] + behind[:_BEFORE]
    return not AROUND.isdisjoint(near) or not _SEEPING.isdisjoint(behind)
