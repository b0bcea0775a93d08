"""Agreement beyond chance between readers who did not see each other's words.

Written here and not taken from a library: scikit-learn has Cohen's only, statsmodels would bring pandas for twenty
lines. The tests hold Cohen's against scikit-learn's, and Fleiss' against the example of his paper.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Hashable, Sequence


def cohen(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa (1960) of two readers, at most 1; None where chance alone would agree always, or without pairs."""
    if not pairs:
        return None
    observed = sum(first == second for first, second in pairs) / len(pairs)
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    chance = sum(count * seconds[label] for label, count in firsts.items()) / len(pairs) ** 2
    return None if math.isclose(chance, 1) else (observed - chance) / (1 - chance)


def fleiss(items: Sequence[Sequence[Hashable]]) -> float | None:
    """Fleiss' kappa (1971): each item rated by the same number (two or more) of raters, not always the same people.

    None where every word is the same, or without items. Raises ValueError where items have other numbers of ratings.
    """
    if not items:
        return None
    raters = len(items[0])
    if raters < 2 or any(len(item) != raters for item in items):
        raise ValueError("every item needs the same number of ratings, two or more")
    tallies = [Counter(item) for item in items]
    agreed = [(sum(n * n for n in tally.values()) - raters) / (raters * (raters - 1)) for tally in tallies]
    shares = [count / (len(items) * raters) for count in sum(tallies, Counter()).values()]
    observed, chance = math.fsum(agreed) / len(items), math.fsum(share * share for share in shares)
    return None if math.isclose(chance, 1) else (observed - chance) / (1 - chance)


def interval(
    pairs: Sequence[tuple[Hashable, Hashable]], draws: int = 1000, seed: int = 1
) -> tuple[float, float] | None:
    """The 95 % interval of Cohen's kappa by bootstrap over pairs (percentiles); None below ten pairs."""
    if len(pairs) < 10:
        return None
    chosen = random.Random(seed)  # noqa: S311 - the same figures each time the page is opened
    drawn = (cohen(chosen.choices(pairs, k=len(pairs))) for _ in range(draws))
    values = sorted(value for value in drawn if value is not None)
    return (values[int(0.025 * len(values))], values[int(0.975 * len(values))]) if values else None
