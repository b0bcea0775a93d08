"""How a sender's feed does: when it was last heard, what is usual for it, what of it could not be taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

QUIET = 900.0
"""Seconds of silence that nobody is told of."""
FEWEST = 3
"""Messages in the same stretch of the weeks before that make a silence unusual."""
REFUSED, COUNTED = 0.05, 20
"""The share of the last hour that could not be taken, and the fewest messages it is said of."""
ANSWER_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds by which answers are counted."""
SLOW, ANSWERS, WITHIN = 5.0, 10, 0.95
"""Seconds that a share of a sender's answers (WITHIN) must not take, and the fewest answers it is said of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One sender at one site. `silence` in seconds since `last`; times are the database's.

    `usual`: the fewest messages it sent in the same stretch of the four weeks before (of yesterday, while there is no
    week before), None where nothing is known of before. `messages`, `rejected`, `quarantined`: of the last hour.
    `answers`: those of the last quarter of an hour over MLLP, by ANSWER_BOUNDS and above the last of them.
    """

    site_id: str
    sender: str
    last: datetime
    silence: float
    usual: int | None
    messages: int
    rejected: int
    quarantined: int
    answers: Sequence[int] = ()

    @property
    def answer_seconds(self) -> float | None:
        """Within what 95 in 100 of its answers left, from the last byte of the frame; None where there were none."""
        return _within(self.answers, WITHIN)

    @property
    def refused(self) -> float:
        """The share of the last hour's messages that was rejected or quarantined."""
        return (self.rejected + self.quarantined) / self.messages if self.messages else 0.0

    @property
    def alarms(self) -> list[str]:
        """What a person should look at: "silent", "refused", "slow"."""
        silent = self.silence > QUIET and self.usual is not None and self.usual >= FEWEST
        refused = self.messages >= COUNTED and self.refused > REFUSED
        slow = sum(self.answers) >= ANSWERS and (self.answer_seconds or 0.0) > SLOW
        return [name for name, on in (("silent", silent), ("refused", refused), ("slow", slow)) if on]


def _within(counts: Sequence[int], share: float) -> float | None:
    """As Prometheus's histogram_quantile: a straight line between two bounds, the last bound for what lies above."""
    wanted, below = share * sum(counts), 0
    for lower, upper, count in zip((0.0, *ANSWER_BOUNDS), ANSWER_BOUNDS, counts, strict=False):
        if count and below + count >= wanted:
            return lower + (upper - lower) * (wanted - below) / count
        below += count
    return ANSWER_BOUNDS[-1] if sum(counts) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits at a site: how many, and since when the oldest (seconds, 0 for none)."""

    intake: int
    intake_age: float
    readings: int
    readings_age: float
    deliveries: int
    deliveries_age: float
