"""A report's text made safe to stand in a prompt, with the way back to the original offsets.

Taken out or blanked: characters no reader sees (zero-width, bidirectional controls, tags, control
characters), look-alike letters (full-width and mathematical), chat-template tokens and think-tags, and lines
that look like our own delimiters. Everything else stands as it was written: `<5 mm` is a measurement.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Letters that render as Latin letters but are other code points; no report needs them.
_LOOK_ALIKES = ((0xFF01, 0xFF5E), (0x1D400, 0x1D7FF))
# Cc control, Cf format (zero-width, bidi, tags, soft hyphen), Cs surrogate, Co private use, Cn unassigned.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_VARIATION_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_KEPT_CONTROLS = frozenset("\n\r\t")

_TOKENS = re.compile(
    r"""
      <\s*+/?\s*+(?:think(?:ing)?|reason(?:ing)?|s|bos|eos|pad|unk|mask|system|user|assistant|human|tool|answer
               |(?:start|end)_of_turn)\s*+/?\s*+>         # <think>, </s>, <start_of_turn>
    | <\s*+/?\s*+[|｜][^<>\n]{0,60}>                      # <|im_start|>, <｜User｜>, <｜end▁of▁sentence｜>
    | <<\s*+/?\s*+sys\s*+>>
    | \[\s*+/?\s*+inst\s*+\]
    | \[\[[^\[\]\n]{0,80}\b(?:report|begin|end)\b[^\[\]\n]{0,80}\]\]   # our own delimiters
    | \[gmask\]
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Any other tag loses its opening bracket and keeps its words (a template's field may hold "<No acute
# findings>"); a bracket before a number is a measurement and stays.
_OPENING = re.compile(r"<(?=\s*[^\W\d]|\s*[/!?|｜])")


@dataclass(frozen=True)
class CleanText:
    """`text` as the model gets it; `offsets[i]` is where text[i] stands in the original, in characters."""

    text: str
    offsets: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that text[start:end] came from; start < end."""
        return self.offsets[start], self.offsets[end - 1] + 1


@lru_cache(maxsize=64)
def clean_text(original: str) -> CleanText:
    """Make a report safe for a prompt. Never raises; the result may be empty."""
    kept = [(char, at) for at, raw in enumerate(original) for char in _visible(raw)]
    text = _blank_tokens("".join(char for char, _ in kept))
    return CleanText(text, tuple(at for _, at in kept))


def clean_line(original: str) -> str:
    """One line of other untrusted text (a procedure's name), safe for a prompt."""
    return " ".join(clean_text(original).text.split())


def _visible(char: str) -> str:
    """The character as a person sees it: itself, its plain Latin form, or nothing."""
    if char in _KEPT_CONTROLS or (char.isascii() and char.isprintable()):
        return char
    code = ord(char)
    if unicodedata.category(char) in _UNSEEN or _in_ranges(code, _VARIATION_SELECTORS):
        return ""
    return unicodedata.normalize("NFKC", char) if _in_ranges(code, _LOOK_ALIKES) else char


def _in_ranges(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _blank_tokens(text: str) -> str:
    """Tokens become as many spaces, so that no offset moves and nothing is joined into a new token."""
    blanked = _TOKENS.sub(lambda found: " " * len(found.group()), text)
    return _OPENING.sub("‹", blanked)
