"""What reviewers made of exercises: how many of each kind were decided rightly."""

from __future__ import annotations

from collections.abc import Iterable

from integration.canonical import Record
from services.domain.figures import ExerciseResult
from services.figures.proportions import wilson


class Caught(Record):
    """Of one kind of exercise (by finding or reader, where one is named): how many were decided rightly."""

    kind: str
    finding_id: str = ""
    reader: str = ""
    count: int
    right: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share (Wilson)."""
        return wilson(self.right, self.count)


def caught(rows: Iterable[ExerciseResult], *by: str) -> list[Caught]:
    """Results summed by kind and whatever else is asked for: "finding_id", "reader"."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        place = sums.setdefault((row.kind, *(getattr(row, name) for name in by)), [0, 0])
        place[0] += row.count
        place[1] += row.right
    return [
        Caught(kind=where[0], count=count, right=right, **dict(zip(by, where[1:], strict=True)))
        for where, (count, right) in sorted(sums.items())
    ]
