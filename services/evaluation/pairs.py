"""Two engines on the same reports: is the difference more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.stats import binomtest, false_discovery_control

from integration.canonical import Record
from services.evaluation.figures import Estimate, Scores, interval, scores
from services.evaluation.labels import Floats, Labels


class Difference(Record):
    """A score of `b` minus that of `a`, its 95 % interval and two-sided p, all by paired bootstrap over reports.

    `q`: p adjusted for the number of pairs tested (Benjamini & Hochberg 1995).
    """

    change: Estimate
    p: float
    q: float = 1.0


class McNemar(Record):
    """Labels one of two engines alone got right, and the exact two-sided p (McNemar 1947, binomial).

    It takes labels as independent, which those of one report are not: read the bootstrap first.
    """

    only_a: int
    only_b: int
    p: float


class Paired(Record):
    """Two engines compared on the same labels."""

    a: str
    b: str
    macro_f1: Difference
    accuracy: Difference
    mcnemar: McNemar


def all_pairs(labels: Labels, drawn: Floats) -> tuple[Paired, ...]:
    """Every pair of engines, in the order of the line-up."""
    found = [paired(labels, a, b, drawn) for a, b in combinations(labels.said, 2)]
    return _adjusted(found)


def paired(labels: Labels, a: str, b: str, drawn: Floats) -> Paired:
    """`b` against `a`."""
    counts = [labels.counts(engine) for engine in (a, b)]
    whole_a, whole_b = (scores(each.sum(0)) for each in counts)
    drawn_a, drawn_b = (scores(drawn @ each) for each in counts)
    right_a, right_b = labels.right(a), labels.right(b)
    return Paired(
        a=a,
        b=b,
        macro_f1=_difference("macro_f1", whole_a, whole_b, drawn_a, drawn_b),
        accuracy=_difference("accuracy", whole_a, whole_b, drawn_a, drawn_b),
        mcnemar=mcnemar(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())),
    )


def mcnemar(only_a: int, only_b: int) -> McNemar:
    """The exact test on labels that one engine alone got right."""
    discordant = only_a + only_b
    p = float(binomtest(only_a, discordant, 0.5).pvalue) if discordant else 1.0
    return McNemar(only_a=only_a, only_b=only_b, p=p)


def _difference(name: str, a: Scores, b: Scores, drawn_a: Scores, drawn_b: Scores) -> Difference:
    spread: Floats = getattr(drawn_b, name) - getattr(drawn_a, name)
    low, high = interval(spread)
    value = float(getattr(b, name) - getattr(a, name))
    estimate = Estimate(value=round(value, 6), low=round(low, 6), high=round(high, 6))
    return Difference(change=estimate, p=_p(spread))


def _p(spread: Floats) -> float:
    """Twice the smaller share of resamples on either side of no difference, the sample itself counted as one."""
    tail = min(np.count_nonzero(spread <= 0), np.count_nonzero(spread >= 0))
    return float(min(1.0, 2 * (tail + 1) / (len(spread) + 1)))


def _adjusted(found: Sequence[Paired]) -> tuple[Paired, ...]:
    if not found:
        return ()
    adjusted = list(found)
    for name in ("macro_f1", "accuracy"):
        qs = false_discovery_control([getattr(each, name).p for each in found])
        adjusted = [
            each.model_copy(update={name: getattr(each, name).model_copy(update={"q": float(q)})})
            for each, q in zip(adjusted, qs, strict=True)
        ]
    return tuple(adjusted)
