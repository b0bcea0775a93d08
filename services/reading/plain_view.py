"""A text as a person reads it, with the way back to its offsets: disguises of letters undone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Cyrillic and Greek letters that render as Latin ones (Unicode TR 39, confusables).
_LOOK_ALIKES = str.maketrans(
    "аеорсхуіјѕԁһкмтвнАВЕКМНОРСТХІЅЈαορνικτυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcxyijsdhkmtbhABEKMHOPCTXISJaopvikTuABEZHIKMNOPTYX",
)
_BREAK = re.compile(r"\\\.(?:br|sp\d*|in[+-]?\d*|ti[+-]?\d*|ce|fi|nf|sk\d*)\\", re.IGNORECASE)
_HIGHLIGHT = re.compile(r"\\[HNEFSTR]\\")
# Part of every run of spaced-out letters, and quick to look for.
_LONE_LETTERS = re.compile(r"[ .\-_*][^\W\d_][ .\-_*][^\W\d_][ .\-_*]")
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_][ .\-_*]){4,}[^\W\d_](?!\w)")


@dataclass(frozen=True)
class View:
    """`text` as read; `origins[i]`: the offset in the original of the character text[i] came from."""

    text: str
    origins: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that text[start:end] came from."""
        if start >= end:
            return 0, 0
        return self.origins[start], self.origins[end - 1] + 1


def view(text: str) -> View:
    """The text with HL7 v2 escapes (§2.7), full-width, look-alike, invisible and spaced-out letters resolved."""
    skipped = _skipped(text)
    if not skipped and text.isascii():
        return View(text, range(len(text)))
    kept: list[str] = []
    origins: list[int] = []
    for at, char in enumerate(text):
        for part in skipped.get(at, _plain(char)):
            kept.append(part)
            origins.append(at)
    return View("".join(kept), tuple(origins))


def _skipped(text: str) -> dict[int, str]:
    """Offsets whose character reads as something else: escapes as a break, letters spaced out as a word."""
    changed: dict[int, str] = {}
    if "\\" in text:
        for pattern, first in ((_BREAK, "\n"), (_HIGHLIGHT, "")):
            for found in pattern.finditer(text):
                changed |= dict.fromkeys(range(found.start(), found.end()), "")
                changed[found.start()] = first
    if _LONE_LETTERS.search(text):
        for found in _SPACED.finditer(text):
            changed |= dict.fromkeys(range(found.start() + 1, found.end(), 2), "")
    return changed


def _plain(char: str) -> str:
    if char.isascii():
        return char
    if unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return ""
    return unicodedata.normalize("NFKC", char).translate(_LOOK_ALIKES)
