"""From a table to a decision: which engine may take another's place on these reports, and what that saves.

Non-inferiority by the interval: A may take B's place where the lower end of the 95 % interval of A's accuracy minus
B's (paired bootstrap over reports) is above the margin that was chosen beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.evaluation.figures import Estimate
from services.evaluation.pairs import Paired
from services.evaluation.result import EngineResult, Result

MARGIN = 0.02
"""Of accuracy: two points."""
_PARTS = {"half": 1 / 2, "a third": 1 / 3, "a quarter": 1 / 4, "a fifth": 1 / 5, "a tenth": 1 / 10}
NEAR = 0.1
"""A part is named where the ratio is within a tenth of it."""


def decisions(result: Result, margin: float = MARGIN) -> list[str]:
    """A sentence for every pair of engines, about the cheaper one; about the second where no price says which is."""
    engines = {each.name: each for each in result.engines}
    return [_sentence(result.data.reports, pair, engines, margin) for pair in result.pairs]


def _sentence(reports: int, pair: Paired, engines: dict[str, EngineResult], margin: float) -> str:
    a, b, change = engines[pair.b], engines[pair.a], pair.accuracy.change
    if _costs_more(a, b):
        a, b, change = b, a, Estimate(value=0 - change.value, low=0 - change.high, high=0 - change.low)
    points = f"(95 % interval {100 * change.low:+.1f} to {100 * change.high:+.1f} points)"
    most = f"{100 * margin:g} points of accuracy"
    if change.low > -margin:
        said = f"{a.name} is not worse than {b.name} by more than {most} {points}{''.join(_saving(a, b))}"
    elif change.high < -margin:
        said = f"{a.name} is worse than {b.name} by more than {most} {points}"
    else:
        said = f"it is open whether {a.name} is worse than {b.name} by more than {most} {points}"
    return f"On these {reports} reports {said}."


def _costs_more(a: EngineResult, b: EngineResult) -> bool:
    ratio = cost_ratio(a, b)
    return ratio is not None and ratio > 1


def cost_ratio(a: EngineResult, b: EngineResult) -> float | None:
    """What A costs for each unit that B costs; None where it is not known in one currency."""
    if a.costs.per_1000 is None or not b.costs.per_1000 or a.costs.currency != b.costs.currency:
        return None
    return a.costs.per_1000 / b.costs.per_1000


def _saving(a: EngineResult, b: EngineResult) -> Iterator[str]:
    ratio = cost_ratio(a, b)
    if ratio is None:
        return
    named = next((words for words, part in _PARTS.items() if abs(ratio / part - 1) <= NEAR), "")
    yield f" and costs {named or f'{ratio:.2f} of it'}" if ratio < 1 - NEAR else " and costs as much"
