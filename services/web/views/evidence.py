"""The report's text cut into pieces for the screen: evidence, suspicious spans, headings."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.domain.reports import Json

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
    section: str = ""


def is_verified(text: str, quote: Json) -> bool:
    """Whether the quote stands in the text, exactly where it says."""
    start, end = int(quote["start"]), int(quote["end"])
    return 0 <= start < end and text[start:end] == str(quote["text"])


def spans(text: str, suggestions: Iterable[tuple[str, Sequence[Json]]], flagged: Sequence[Json]) -> list[Span]:
    """All spans of a report; quotes that do not stand in the text mark nothing."""
    found = [Span(match.start(), match.end(), "heading") for match in HEADING.finditer(text)]
    for label, quotes in [*suggestions, ("flagged", flagged)]:
        found += [Span(quote["start"], quote["end"], label) for quote in quotes if is_verified(text, quote)]
    return found


def pieces(text: str, marked: Sequence[Span], sections: Mapping[int, str] | None = None) -> list[Piece]:
    """Cuts the text wherever a span or a section starts or ends; `sections` names those by where they start."""
    named = {start: name for start, name in (sections or {}).items() if _is_unnamed(text, start, name)}
    cuts = sorted({0, len(text), *named, *[span.start for span in marked], *[span.end for span in marked]})
    return [_piece(text, start, end, marked, named.get(start, "")) for start, end in itertools.pairwise(cuts)]


def _is_unnamed(text: str, start: int, name: str) -> bool:
    """Whether a section of the source does not print its own heading."""
    return 0 <= start < len(text) and not text[start:].lstrip().lower().startswith(name.lower())


def _piece(text: str, start: int, end: int, marked: Sequence[Span], section: str) -> Piece:
    labels = [span.label for span in marked if span.start <= start and end <= span.end]
    ours = tuple(dict.fromkeys(label for label in labels if label not in ("flagged", "heading")))
    return Piece(text[start:end], ours, "flagged" in labels, "heading" in labels, section)
