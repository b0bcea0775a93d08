"""A report without its flagged spans, with the way back: what is left reads as if they had never been there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from integration.canonical import Quote, Section


class Remainder(NamedTuple):
    """`text` is the report without the holes; `pieces`: (start in text, start in report, length) of each part kept."""

    text: str
    pieces: tuple[tuple[int, int, int], ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the report for text[start:end]; over a hole, the longer of the parts beside it."""
        parts = [
            (max(start, at) - at + origin, min(end, at + length) - at + origin)
            for at, origin, length in self.pieces
            if at < end and start < at + length
        ]
        return max(parts, key=lambda part: part[1] - part[0])

    def position(self, offset: int) -> int:
        """Where the report's offset falls in the text; inside a hole, at its place."""
        for at, origin, length in self.pieces:
            if offset <= origin + length:
                return at + max(0, offset - origin)
        return len(self.text)


def without(report: str, spans: Sequence[Quote]) -> Remainder:
    """The report without the spans and the white space that set them apart."""
    kept: list[tuple[int, int]] = []
    at = 0
    for span in spans:
        start, end = _with_space(report, span.start, span.end)
        kept.append((at, max(at, start)))
        at = max(at, end)
    kept.append((at, len(report)))
    pieces, length = [], 0
    for start, end in kept:
        if end > start:
            pieces.append((length, start, end - start))
            length += end - start
    return Remainder("".join(report[origin : origin + size] for _, origin, size in pieces), tuple(pieces))


def sections_of(remainder: Remainder, sections: Sequence[Section]) -> tuple[Section, ...]:
    """The source's sections, moved to the remainder's offsets."""
    return tuple(
        section.model_copy(update={"start": remainder.position(section.start), "end": remainder.position(section.end)})
        for section in sections
    )


def _with_space(report: str, start: int, end: int) -> tuple[int, int]:
    """The span with the white space after it, or before it when a line or the report ends there."""
    after, before = end, start
    while after < len(report) and report[after].isspace():
        after += 1
    while before > 0 and report[before - 1].isspace():
        before -= 1
    if after == len(report) or (report[end] == "\n" and "\n" not in report[before:start]):
        return before, end if after < len(report) else after
    return start, after
