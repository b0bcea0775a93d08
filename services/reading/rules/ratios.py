"""What a ratio says: "CTR 0.58" and "CTR 17/28" that the heart is too wide, "RV/LV 1.3" and "RV > LV" that the right
ventricle is.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.reading.rules.tokens import Token
from services.reading.rules.wordset import wordset

# Danzer, Am J Med Sci 1919;157:513: a heart of more than half the chest's width is enlarged.
_OF_CHEST = 0.5
# ESC guideline on pulmonary embolism, Eur Heart J 2020;41:543: strain from an RV/LV ratio of 1.0 on.
_OF_VENTRICLES = 1.0
# The words that end the name of a ratio.
RATIOS = frozenset({"ratio", "lv"})
_BETWEEN = wordset(
    """is of was now measures measuring approximately about estimated at around : = ( the , increased raised greater
    more larger"""
)
_BEYOND = wordset("> above over exceeding exceeds")
_BELOW = wordset("< than below under")
_GREATER = wordset("greater more larger")
# What "greater than 50 %" adds to it.
_MORE = 0.001
_FAR = 6
_PERCENT = 20.0


def ratio_says(tokens: Sequence[Token], at: int) -> str:
    """ "elevate" where the ratio that token `at` ends is told as too large, else ""."""
    words = {word for token in tokens[max(0, at - 4) : at + 1] for word in token.canon}
    if "cardiothoracic" in words and "ratio" in tokens[at].canon:
        value = _value(tokens, at)
        return "elevate" if _OF_CHEST < (value / 100 if value > _PERCENT else value) < 1 else ""
    if not {"rv", "lv"} <= words:
        return ""
    larger = "lv" in tokens[at].canon and tokens[at - 1].text in _BEYOND
    return "elevate" if larger or _OF_VENTRICLES <= _value(tokens, at) < _PERCENT else ""


def _value(tokens: Sequence[Token], at: int) -> float:
    """The number told of the ratio, "17/28" as the fraction that it is; 0 for none, or for one that it stays below."""
    more = 0.0
    for place in range(at + 1, min(at + _FAR, len(tokens))):
        text = tokens[place].text
        if text[0].isdigit():
            return _fraction(tokens, place) + more
        if text in _BEYOND or (text == "than" and tokens[place - 1].text in _GREATER):
            more = _MORE
        elif text in _BELOW or text not in _BETWEEN:
            return 0.0
    return 0.0


def _fraction(tokens: Sequence[Token], at: int) -> float:
    value = float(tokens[at].text)
    below = [token.text for token in tokens[at + 1 : at + 3]]
    if below[:1] == ["/"] and below[1:] and below[1][0].isdigit() and float(below[1]):
        return value / float(below[1])
    return value
