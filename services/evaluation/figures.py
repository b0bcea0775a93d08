"""The figures of a set of labels, each with its interval.

Intervals are percentile bootstrap intervals over reports (Efron & Tibshirani 1993, chapter 13): labels of one
report belong together, so whole reports are drawn. One draw serves all engines, which makes differences paired.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from integration.canonical import Record, Status
from services.evaluation.labels import CELLS, FAILED, STATUSES, UNSUPPORTED, Floats, Ints

SCORED = STATUSES[:3]
LEVEL = 0.95


class Estimate(Record):
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class StatusFigures(Record):
    """One status: how often the gold has it and the engine says it; precision, recall, F1 in [0, 1]."""

    labels: int
    said: int
    precision: float
    recall: float
    f1: float


class Figures(Record):
    """An engine on some labels. F1s are over present, absent and uncertain; `macro_f1` is the mean over those of
    the three that occur. A failed report counts as wrong in each of its labels.

    `polarity_flips`: present said for absent or absent for present. `invented`: something said of a finding the
    report does not mention; `missed`: the reverse. `unsupported`: said without a passage that carries it.
    `failed`: labels of reports without an answer. `confusion`: rows gold, columns said, in the order of STATUSES,
    the last column failed.
    """

    reports: int
    labels: int
    accuracy: Estimate
    macro_f1: Estimate
    micro_f1: Estimate
    polarity_flips: int
    invented: int
    missed: int
    unsupported: int
    failed: int
    statuses: dict[Status, StatusFigures]
    confusion: tuple[tuple[int, ...], ...]


class Scores(NamedTuple):
    """The three scores of tables of counts; arrays of the tables' leading shape."""

    accuracy: Floats
    macro_f1: Floats
    micro_f1: Floats


def weights(reports: int, resamples: int, seed: int) -> Floats:
    """(resamples, reports): how often each report was drawn, with replacement, by a generator of that seed."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(reports, np.full(reports, 1 / reports), resamples).astype(np.float64)


def scores(counts: Floats | Ints) -> Scores:
    """Scores of (…, WIDTH) counts; 0 where there is nothing to score."""
    table = counts[..., :CELLS].reshape(*counts.shape[:-1], len(STATUSES), FAILED + 1).astype(np.float64)
    right = np.stack([table[..., place, place] for place in range(len(STATUSES))], axis=-1)
    both = (table.sum(-1) + table[..., :FAILED].sum(-2))[..., : len(SCORED)]
    f1 = _ratio(2 * right[..., : len(SCORED)], both)
    occurring = (both > 0).sum(-1)
    return Scores(
        accuracy=_ratio(right.sum(-1), table.sum((-1, -2))),
        macro_f1=_ratio(f1.sum(-1), occurring),
        micro_f1=_ratio(2 * right[..., : len(SCORED)].sum(-1), both.sum(-1)),
    )


def figures(counts: Ints, drawn: Floats) -> Figures:
    """The figures of (reports, WIDTH) counts, with intervals from the `drawn` weights."""
    whole = counts.sum(0)
    point, spread = scores(whole), scores(_holding_labels(drawn @ counts))
    table = whole[:CELLS].reshape(len(STATUSES), FAILED + 1)
    present, absent, silent = (STATUSES.index(each) for each in (Status.PRESENT, Status.ABSENT, Status.NOT_MENTIONED))
    return Figures(
        reports=int((counts[:, :CELLS].sum(1) > 0).sum()),
        labels=int(table.sum()),
        accuracy=_estimate(point.accuracy, spread.accuracy),
        macro_f1=_estimate(point.macro_f1, spread.macro_f1),
        micro_f1=_estimate(point.micro_f1, spread.micro_f1),
        polarity_flips=int(table[present, absent] + table[absent, present]),
        invented=int(table[silent, : len(SCORED)].sum()),
        missed=int(table[: len(SCORED), silent].sum()),
        unsupported=int(whole[UNSUPPORTED]),
        failed=int(table[:, FAILED].sum()),
        statuses={status: _status(table, place) for place, status in enumerate(SCORED)},
        confusion=tuple(tuple(map(int, row)) for row in table),
    )


def _holding_labels(resampled: Floats) -> Floats:
    """Without the resamples that drew none of a small group's reports: there is nothing to score in them."""
    holding: Floats = resampled[resampled[:, :CELLS].sum(1) > 0]
    return holding


def interval(spread: Floats) -> tuple[float, float]:
    """The ends of the middle 95 %."""
    low, high = np.quantile(spread, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


def _estimate(value: Floats, spread: Floats) -> Estimate:
    low, high = interval(spread)
    return Estimate(value=round(float(value), 6), low=round(low, 6), high=round(high, 6))


def _status(table: Ints, place: int) -> StatusFigures:
    right, labels, said = (int(each) for each in (table[place, place], table[place].sum(), table[:, place].sum()))
    return StatusFigures(
        labels=labels,
        said=said,
        precision=right / said if said else 0.0,
        recall=right / labels if labels else 0.0,
        f1=2 * right / (labels + said) if labels + said else 0.0,
    )


def _ratio(part: Floats, whole: Floats | Ints) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part, np.float64), where=np.asarray(whole) > 0)
