"""A message in parts: ADD continues the segment before it, DSC and MSH-14 tie messages together (HL7 v2.8 §2.10.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integration.hl7v2.segments import Segment, numbered, with_fields
from integration.reasons import reason


def with_addenda(segments: list[Segment]) -> list[Segment]:
    """The segments with each ADD joined to the last field of the one before it."""
    whole: list[Segment] = []
    for segment in segments:
        if segment.name != "ADD" or not whole:
            whole.append(segment)
            continue
        before = whole[-1]
        fields = (*before.fields[:-1], before.fields[-1] + segment.raw(1), *segment.fields[2:])
        whole[-1] = with_fields(before, fields, before.odd)
    return whole


@dataclass(frozen=True, slots=True)
class Tie:
    """How a part is tied to others: MSH-14 names what it continues, DSC-1 what goes on; "" where it is an end."""

    continues: str = ""
    goes_on: str = ""

    @property
    def missing(self) -> str:
        """What a part alone lacks, "" for a whole message."""
        if self.continues:
            return reason("MSH-14", "a part that continues another message", "that message, from the same sender")
        goes_on = reason("DSC-1", "a part that goes on in another message", "that message, from the same sender")
        return goes_on if self.goes_on else ""


def tie_of(segments: Sequence[Segment]) -> Tie:
    """What ties a message to others."""
    header = next((segment for segment in segments if segment.name == "MSH"), None)
    ends = [segment.value(1) for segment in segments if segment.name == "DSC" and segment.value(1)]
    return Tie(header.value(14) if header else "", ends[-1] if ends else "")


def one_message(parts: Sequence[list[Segment]]) -> list[Segment]:
    """The segments of all parts in order under the first header."""
    if len(parts) == 1:
        return parts[0]
    rest = [segment for part in parts[1:] for segment in part if segment.name not in _FRAME]
    return numbered([*(segment for segment in parts[0] if segment.name != "DSC"), *rest])


_FRAME = frozenset({"MSH", "DSC", "SFT"})


def homeless(segments: Sequence[Segment]) -> str:
    """Why the first segment after the header cannot stand there, "" if it can: ADD goes on with a segment before it."""
    after = [segment for segment in segments if segment.name not in _FRAME]
    first = after[0].name if after else ""
    return reason("ADD 1", "no segment before it", "the segment it continues") if first == "ADD" else ""
