"""Every segment and field of a report message is accounted for: read, or named in a note (docs/hl7.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from integration.hl7v2.segments import NULL, Segment
from integration.notes import Note

# Fields that are read, or say nothing of a report (set ids, codes of the form of a message).
_READ: dict[str, frozenset[int]] = {
    "MSH": frozenset(range(1, 22)),
    "EVN": frozenset(range(1, 8)),
    "PID": frozenset({1, 2, 3, 4, 5, 7, 8}),
    "ORC": frozenset({1, 2, 3, 5, 7, 12}),
    "OBR": frozenset({1, 2, 3, 4, 5, 7, 13, 15, 16, 18, 22, 24, 25, 27, 29, 31, 32, 44, 45}),
    "TXA": frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 14, 15, 17, 19, 22}),
    "OBX": frozenset({1, 2, 3, 4, 5, 8, 11}),
    "TQ1": frozenset({1, 9}),
    "ZDS": frozenset({1}),
    "IPC": frozenset({1, 3}),
}
_WHOLE = frozenset({"NTE", "ADD", "DSC", "FHS", "BHS", "BTS", "FTS"})
_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS = 4
_LONGEST = 2000
_MOST_PLACES = 200


def comments(segments: Iterable[Segment]) -> list[Note]:
    """NTE: what is said of a patient, an order or a result; each with the segment it stands behind."""
    notes: list[Note] = []
    behind = ""
    for segment in segments:
        if segment.name == "NTE":
            words = " ".join(segment.text(3).split()) or " ".join(" ".join(segment.fields[4:]).split())
            if words and words != NULL:
                notes.append(Note(f"{segment.place}{f' behind {behind}' if behind else ''}", words))
        else:
            behind = segment.place
    return notes


def prose_elsewhere(segments: Iterable[Segment]) -> list[Note]:
    """Words in fields that are not read: of segments of a site's own, and behind a text in its OBX."""
    return [
        Note(f"{segment.name}-{number} of {segment.place} is not read", _said(segment, number))
        for segment in segments
        if segment.name not in _WHOLE
        for number in _unread(segment)
        if _speaks(segment, number)
    ]


def _speaks(segment: Segment, number: int) -> bool:
    least = 2 if segment.name == "OBX" and number in (6, 7) else _FEWEST_WORDS
    ours = segment.name.startswith("Z") or segment.name in ("OBX", "OBR", "TXA")
    return ours and len(_WORD.findall(segment.raw(number))) >= least and not _is_person(segment, number)


def _is_person(segment: Segment, number: int) -> bool:
    """XCN and XAD have many components and say nothing of the report."""
    return segment.raw(number).count(segment.marks.component) > 1


def _said(segment: Segment, number: int) -> str:
    return " ".join(segment.text(number).split())[:_LONGEST]


def not_read(segments: Iterable[Segment]) -> Note | None:
    """One line that names what nobody looks at: "PV1, ZPF, OBR-16"."""
    places: dict[str, None] = {}
    for segment in segments:
        if segment.name in _WHOLE:
            continue
        if segment.name in _READ:
            places |= dict.fromkeys(f"{segment.name}-{number}" for number in _unread(segment))
        else:
            places[segment.name] = None
    if not places:
        return None
    shown = list(places)[:_MOST_PLACES]
    more = f" and {len(places) - len(shown)} more" if len(places) > len(shown) else ""
    return Note(f"not read: {', '.join(shown)}{more}")


def _unread(segment: Segment) -> list[int]:
    known = _READ.get(segment.name, frozenset())
    return [
        number
        for number in range(1, len(segment.fields))
        if number not in known and segment.fields[number].strip() not in ("", NULL)
    ]


def glued(segments: Iterable[Segment]) -> list[Note]:
    """Lines that begin no segment and were joined to a field that holds no text."""
    notes: list[Note] = []
    for segment in segments:
        last = len(segment.fields) - 1
        if last < 1 or "\n" not in segment.fields[last] or segment.name in ("NTE", "ADD"):
            continue
        if segment.name != "OBX" or last != _VALUE:
            words = " ".join(segment.fields[last].partition("\n")[2].split())
            notes.append(
                Note(f"a line that begins no segment stands behind {segment.name}-{last} of {segment.place}", words)
            )
    return notes


_VALUE = 5
