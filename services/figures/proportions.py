"""Shares of small counts, without approximations that need large ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z95 = 1.959964


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson score), both ends in [0, 1]; without a count, all of it."""
    if not count:
        return 0.0, 1.0
    share, z2 = successes / count, Z95**2
    centre = share + z2 / (2 * count)
    half = Z95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def fisher(now: tuple[int, int], before: tuple[int, int]) -> float:
    """Two-sided p of Fisher's exact test: whether (hits, count) now and before can have one share.

    The sum of the probabilities of all tables with these margins that are no likelier than the one seen.
    """
    (hits, count), (earlier_hits, earlier) = now, before
    total, column = count + earlier, hits + earlier_hits
    low, high = max(0, column - earlier), min(column, count)
    logs = [_log_choose(count, k) + _log_choose(earlier, column - k) for k in range(low, high + 1)]
    seen, whole = logs[hits - low], _log_choose(total, column)
    return min(1.0, math.fsum(math.exp(each - whole) for each in logs if each <= seen + 1e-7))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's q-values (1995): alarms below q are expected to be false in a share q of cases."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at], reverse=True)
    result, least = [1.0] * len(p_values), 1.0
    for place, at in enumerate(order):
        least = min(least, p_values[at] * len(p_values) / (len(p_values) - place))
        result[at] = least
    return result
