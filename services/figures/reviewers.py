"""Figures from reviewers: what was accepted, which way it was overridden, what was missing, how readers agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.domain.figures import AddedInWeek, DecidedInWeek, ReadTwice
from services.figures import kappa
from services.figures.proportions import wilson
from services.store import reviewer_figures, second_readings
from services.store.charts import Span

GROUPS = ("finding", "engine", "model", "week")
Key = tuple[str, ...]


@dataclass
class Tally:
    """Decisions of one group. `directions`: ("present", "absent") → how many were overridden that way."""

    name: str = ""
    approved: int = 0
    overridden: int = 0
    added: int = 0
    directions: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: list[tuple[float, int]] = field(default_factory=list)

    @property
    def decided(self) -> int:
        """How many suggestions were decided."""
        return self.approved + self.overridden

    @property
    def acceptance(self) -> float | None:
        """The share that was approved as suggested."""
        return self.approved / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the acceptance (Wilson)."""
        return wilson(self.approved, self.decided)

    @property
    def typical_seconds(self) -> float | None:
        """From opening a finding to deciding it: the mean of the medians of its kinds of decision, by their counts."""
        count = sum(n for _, n in self.seconds)
        return sum(value * n for value, n in self.seconds) / count if count else None


def decided(connection: Connection, span: Span, by: Sequence[str]) -> dict[Key, Tally]:
    """Decisions and additions by any of GROUPS, in the order of the groups."""
    tallies: dict[Key, Tally] = {}
    for row in reviewer_figures.decisions(connection, span):
        tally = tallies.setdefault(_key(row, by), Tally(name=row.name))
        _count(tally, row)
    for more in reviewer_figures.added(connection, span):
        tallies.setdefault(_key(more, by), Tally(name=more.name)).added += more.count
    return dict(sorted(tallies.items()))


def _key(row: DecidedInWeek | AddedInWeek, by: Sequence[str]) -> Key:
    column = {"finding": "finding_id"}
    return tuple(str(getattr(row, column.get(name, name))) for name in GROUPS if name in by)


def _count(tally: Tally, row: DecidedInWeek) -> None:
    if row.seconds is not None:
        tally.seconds.append((float(row.seconds), row.count))
    if row.state == "approved":
        tally.approved += row.count
        return
    tally.overridden += row.count
    to = row.status if row.state == "edited" else f"rejected: {row.reason.replace('_', ' ')}"
    tally.directions[row.suggested, to] += row.count


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement of the signed word with a second reader's, who saw neither it nor the suggestion.

    `cohen` takes the two roles as two readers; `fleiss` takes readers as exchangeable, as who reads first changes.
    """

    finding: str
    name: str
    pairs: int
    agreed: int
    cohen: float | None
    fleiss: float | None
    interval: tuple[float, float] | None


def agreement(connection: Connection, span: Span) -> list[Kappa]:
    """Kappa over all findings read twice (first in the list), then of each finding, the most frequent first."""
    rows = second_readings.pairs(connection, span.site, span.days)
    if span.finding:
        rows = [row for row in rows if row.finding_id == span.finding]
    if span.engine:
        versions = reviewer_figures.versions_of(connection, span.site, span.engine)
        rows = [row for row in rows if row.version_id in versions]
    groups: dict[str, list[ReadTwice]] = {}
    for row in rows:
        groups.setdefault(row.finding_id, []).append(row)
    ranked = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    return [_kappa("", "all findings", rows), *(_kappa(key, each[0].name, each) for key, each in ranked)]


def _kappa(finding: str, name: str, rows: Iterable[ReadTwice]) -> Kappa:
    pairs = [(row.first, row.second) for row in rows]
    agreed = sum(first == second for first, second in pairs)
    fleiss = kappa.fleiss(pairs) if pairs else None
    return Kappa(finding, name, len(pairs), agreed, kappa.cohen(pairs), fleiss, kappa.interval(pairs))
