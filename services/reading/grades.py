"""Grades: how a suggestion was decided, and how often that kind of decision was right on reports not tuned on.

`grades.yaml` beside this file holds, for each grade, how many of its suggestions were right of how many; the command
`countersign evaluate grades` counts them. A grade says nothing of a single suggestion and is never a confidence.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import sqrt
from typing import NamedTuple

import yaml

# A grade measured on fewer suggestions than this has no precision to speak of.
ENOUGH = 50
# Two-sided 95 % of the normal distribution.
_Z = 1.959964


class Grade(NamedTuple):
    """A class of decisions: what it means, and how many of it were `right` of how many (`total`)."""

    name: str
    meaning: str
    right: int
    total: int

    @property
    def measured(self) -> bool:
        """Whether enough were counted to speak of a precision."""
        return self.total >= ENOUGH

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval of its precision, lower and upper bound (Wilson, 95 %)."""
        if not self.total:
            return 0.0, 1.0
        share, per = self.right / self.total, _Z * _Z / self.total
        middle, reach = share + per / 2, _Z * sqrt(share * (1 - share) / self.total + per / self.total / 4)
        return (middle - reach) / (1 + per), (middle + reach) / (1 + per)

    def holds(self, threshold: float) -> bool:
        """Whether its suggestions are shown: unless even the upper end of its precision's interval lies below."""
        return self.bounds[1] >= threshold


@cache
def grades() -> dict[str, Grade]:
    """The grades by name, as shipped. Raises ValueError for a file that holds something else."""
    text = (files(__package__) / "grades.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    if not isinstance(content, dict) or not isinstance(content.get("grades"), dict):
        raise ValueError("grades.yaml: expected grades, each with meaning, right and total")
    return {
        name: Grade(name, each["meaning"], each["right"], each["total"]) for name, each in content["grades"].items()
    }


def holds(name: str, threshold: float) -> bool:
    """Whether suggestions of this grade are shown; a grade nobody measured (a model's) is."""
    grade = grades().get(name)
    return grade is None or grade.holds(threshold)


def told(name: str) -> str:
    """ "Right in 319 of 326", or that nobody knows."""
    grade = grades().get(name)
    return f"right in {grade.right} of {grade.total}" if grade and grade.measured else "unmeasured"
