"""QUEST ratings by engine, from the CSV that the worklist's Evaluation page downloads (table QUEST)."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from services.evaluation.errors import EvaluationError

ENGINE, MEAN, COUNT = "engine", "mean of 1 to 5", "n"


class Quest(NamedTuple):
    """The mean of all ratings of an engine, 1 to 5 over the five dimensions, and how many there are."""

    mean: float
    ratings: int


def read_quest(path: Path) -> dict[str, Quest]:
    """By engine. Raises EvaluationError naming file and line."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if missing := {ENGINE, MEAN, COUNT} - set(rows.fieldnames or ()):
            wanted = ", ".join(sorted(missing))
            raise EvaluationError(f"{path}: no column {wanted}: give the CSV of the table QUEST of the page Evaluation")
        for line, row in enumerate(rows, start=2):
            count, mean = _numbers(path, line, row)
            sums[row[ENGINE]][0] += count * mean
            sums[row[ENGINE]][1] += count
    return {name: Quest(total / count, int(count)) for name, (total, count) in sums.items() if count}


def _numbers(path: Path, line: int, row: dict[str, str]) -> tuple[int, float]:
    try:
        return int(row[COUNT]), float(row[MEAN])
    except (TypeError, ValueError):
        raise EvaluationError(f"{path}, line {line}: `{MEAN}` and `{COUNT}` are numbers") from None
