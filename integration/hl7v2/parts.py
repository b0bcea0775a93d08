"""A batch (FHS/BHS … BTS/FTS, HL7 v2.8 §2.10.3) and its messages, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass

from integration.hl7v2.msh import segment_starts

_BOUNDARIES = (b"MSH", b"FHS", b"BHS", b"BTS", b"FTS")


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a batch: `body == batch[start : start + len(body)]`, its last line end included."""

    number: int
    start: int
    body: bytes


def split(batch: bytes) -> tuple[Part, ...]:
    """The messages of a batch in their order, numbered from 1; a lone message is its own only part."""
    marks = sorted((start, name) for name in _BOUNDARIES for start in segment_starts(batch, name))
    if not marks:
        return ()
    ends = [start for start, _ in marks[1:]] + [len(batch)]
    spans = [(start, end) for (start, name), end in zip(marks, ends, strict=True) if name == b"MSH"]
    return tuple(Part(number, start, batch[start:end]) for number, (start, end) in enumerate(spans, 1))
