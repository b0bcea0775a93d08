"""The figures of a whole-catalogue set, each with an interval from resampled reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.evaluation.figures import Estimate, interval, weights
from services.evaluation.labels import Floats
from services.evaluation.whole_dataset import WholeReport
from services.evaluation.whole_scores import ADVISORIES, Tally
from services.figures.proportions import wilson

LONG = 120
"""Words from which a report counts as long."""


class Figure(NamedTuple):
    """`per`: how many of `over` it is given for; 1 makes it a share."""

    name: str
    part: str
    over: str
    per: int = 1


_KINDS = tuple(ADVISORIES.values())
FIGURES = (
    Figure("precision", "right", "shown"),
    Figure("recall", "right", "wanted"),
    Figure("wrong a report", "wrong", "reports"),
    Figure("reports with nothing wrong", "clean", "reports"),
    Figure("wrong critical per 100 reports", "wrong_critical", "reports", 100),
    Figure("critical recall", "found_critical", "wanted_critical"),
    Figure("side right", "side_right", "sided"),
    *(
        Figure(f"{kind.replace('_', '-')} advisories {words}", f"{kind}_{words}", f"{kind}_{over}")
        for kind in _KINDS
        for words, over in (("right", "said"), ("found", "wanted"))
    ),
)


class Measured(NamedTuple):
    """A figure of a group: `part` of `over`, as counted, and the estimate."""

    figure: Figure
    part: int
    over: int
    estimate: Estimate | None


def groups(reports: Sequence[WholeReport]) -> dict[str, list[int]]:
    """Places of all reports, of the short and of the long ones."""
    long = [place for place, report in enumerate(reports) if len(report.exam.text.split()) >= LONG]
    short = sorted({*range(len(reports))} - {*long})
    return {"all": [*range(len(reports))], "short": short, "long": long}


def measured(tallies: Sequence[Tally], *, resamples: int, seed: int) -> list[Measured]:
    """Every figure of these reports; a share of reports has Wilson's interval, the others a bootstrap over reports."""
    drawn = weights(len(tallies), resamples, seed) if tallies else np.zeros((0, 0))
    return [_measured(figure, tallies, drawn) for figure in FIGURES]


def _measured(figure: Figure, tallies: Sequence[Tally], drawn: Floats) -> Measured:
    part, over = (np.array([_count(each, name) for each in tallies], dtype=np.float64) for name in figure[1:3])
    if not over.sum():
        return Measured(figure, 0, 0, None)
    value = figure.per * part.sum() / over.sum()
    low, high = (
        wilson(int(part.sum()), int(over.sum()))
        if figure.part == "clean"
        else _resampled(part, over, drawn, figure.per)
    )
    return Measured(figure, int(part.sum()), int(over.sum()), Estimate(value=value, low=low, high=high))


def _resampled(part: Floats, over: Floats, drawn: Floats, per: int) -> tuple[float, float]:
    below = drawn @ over
    holding = below > 0
    low, high = interval(per * (drawn @ part)[holding] / below[holding])
    return low, high


def _count(each: Tally, name: str) -> int:
    counts = each.counts
    if name == "shown":
        return counts["right"] + counts["wrong"]
    if name == "side_right":
        return counts["sided"] - counts["wrong_side"]
    return counts[name]
