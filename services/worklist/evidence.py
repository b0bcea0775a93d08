"""The report's text cut into pieces for the screen: evidence, suspicious spans, headings."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A heading as radiology reports print them: capitals at the start of a line, closed by a colon.
HEADING = re.compile(r"^[ \t]*[A-Z][A-Z0-9 /&,()-]{2,50}:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of the text and what they are: a suggestion's id, "flagged" or "heading"."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text under the same labels; the pieces joined are the text."""

    text: str
    suggestions: tuple[str, ...] = ()
    flagged: bool = False
    heading: bool = False


def is_verified(text: str, quote: Mapping[str, Any]) -> bool:
    """Whether the quote stands in the text, exactly where it says."""
    return bool(quote["text"]) and text[quote["start"] : quote["end"]] == quote["text"]


def spans(text: str, suggestions: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], flagged: Any) -> list[Span]:
    """All spans of a report; quotes that do not stand in the text mark nothing."""
    found = [Span(match.start(), match.end(), "heading") for match in HEADING.finditer(text)]
    for label, quotes in [*suggestions, ("flagged", flagged)]:
        found += [Span(quote["start"], quote["end"], label) for quote in quotes if is_verified(text, quote)]
    return found


def pieces(text: str, marked: Sequence[Span]) -> list[Piece]:
    """Cuts the text wherever a span starts or ends."""
    cuts = sorted({0, len(text), *[span.start for span in marked], *[span.end for span in marked]})
    return [_piece(text, start, end, marked) for start, end in itertools.pairwise(cuts)]


def _piece(text: str, start: int, end: int, marked: Sequence[Span]) -> Piece:
    labels = [span.label for span in marked if span.start <= start and end <= span.end]
    ours = tuple(dict.fromkeys(label for label in labels if label not in ("flagged", "heading")))
    return Piece(text[start:end], ours, "flagged" in labels, "heading" in labels)
