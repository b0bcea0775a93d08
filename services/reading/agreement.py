"""What a vote share is worth: the share of blind second readers who agreed at it, read off a stored curve.

Fitting is done elsewhere and seldom (services/evaluation/calibration.py); reading off takes the curve alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from integration.canonical import Record


class Curve(Record):
    """Straight lines between points (vote share, agreement), both in [0, 1], vote shares rising. `id`: its row."""

    id: int
    points: tuple[tuple[float, float], ...]

    def at(self, share: float) -> float:
        """The agreement at a vote share; before the first and after the last point, that of the point."""
        shares = [x for x, _ in self.points]
        place = bisect_right(shares, share)
        if place in (0, len(shares)):
            return self.points[min(place, len(shares) - 1)][1]
        (x0, y0), (x1, y1) = self.points[place - 1], self.points[place]
        return y0 + (y1 - y0) * (share - x0) / (x1 - x0)


def curve_for(curves: Mapping[str, Curve], finding_id: str) -> Curve | None:
    """The curve of a finding, else the one that serves all findings ("")."""
    return curves.get(finding_id) or curves.get("")
