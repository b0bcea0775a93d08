"""Two messages side by side: which segments and fields are in both, which differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from integration.hl7v2.layout import Field

MOST_SEGMENTS = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A place in both messages, "" where one has nothing there."""

    segment: str
    place: str
    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether the two say different things there."""
        return self.left != self.right


def compared(left: Iterable[Field], right: Iterable[Field]) -> list[Row]:
    """Field by field; segments are matched in their order, the same ones with each other first."""
    ours, theirs = _segments(left), _segments(right)
    rows: list[Row] = []
    for pair in _paired(ours, theirs):
        rows += _rows(*pair)
    return rows


Segment = tuple[str, list[Field]]


def _segments(fields: Iterable[Field]) -> list[Segment]:
    return [(name, list(found)) for name, found in groupby(fields, key=lambda each: each.segment)][:MOST_SEGMENTS]


def _paired(ours: Sequence[Segment], theirs: Sequence[Segment]) -> Iterable[tuple[Segment | None, Segment | None]]:
    """By name, and where one has more of a name, the one that says the same stays with its like."""
    said = [
        [(name.partition(" ")[0], *(each.value for each in fields)) for name, fields in way] for way in (ours, theirs)
    ]
    for same, i, j, k, m in SequenceMatcher(a=said[0], b=said[1], autojunk=False).get_opcodes():
        if same == "equal":
            yield from zip(ours[i:j], theirs[k:m], strict=True)
        else:
            yield from _by_name(ours[i:j], theirs[k:m])


def _by_name(ours: Sequence[Segment], theirs: Sequence[Segment]) -> Iterable[tuple[Segment | None, Segment | None]]:
    names = [[name.partition(" ")[0] for name, _ in way] for way in (ours, theirs)]
    for same, i, j, k, m in SequenceMatcher(a=names[0], b=names[1], autojunk=False).get_opcodes():
        if same == "equal":
            yield from zip(ours[i:j], theirs[k:m], strict=True)
        else:
            yield from ((each, None) for each in ours[i:j])
            yield from ((None, each) for each in theirs[k:m])


def _rows(left: Segment | None, right: Segment | None) -> Iterable[Row]:
    name = (left or right or ("", []))[0]
    ours, theirs = ({each.place: each for each in way[1]} if way else {} for way in (left, right))
    for place in sorted({*ours, *theirs}, key=_number):
        known = ours.get(place) or theirs[place]
        values = (way[place].value if place in way else "" for way in (ours, theirs))
        yield Row(name, place, known.name, *values)


def _number(place: str) -> int:
    digits = place.rpartition("-")[2].rpartition(" ")[2]
    return int(digits) if digits.isdigit() else 0
