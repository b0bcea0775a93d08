"""A second engine's readings against what radiologists signed, beside those of the engine they saw.

The comparison leans towards the engine that was shown: reviewers decided its suggestions, and what only the shadow
asserts was put to nobody. So what the shadow says beyond the decisions is counted apart and called unreviewed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import Connection

from integration.canonical import Status
from services.domain.figures import ShadowPair
from services.domain.reports import Suggestion
from services.figures.proportions import wilson
from services.store import shadow

# What a rejected suggestion says of its finding. The other reasons leave open what the report says of it.
REJECTED = {
    "negated": Status.ABSENT,
    "hedged": Status.UNCERTAIN,
    "not_stated": Status.NOT_MENTIONED,
    "historical": Status.NOT_MENTIONED,
    "wrong_finding": Status.NOT_MENTIONED,
}
STRENGTH = (Status.PRESENT, Status.UNCERTAIN, Status.ABSENT, Status.NOT_MENTIONED)

MOST_REPORTS = 5000
ASSERTED = (Status.PRESENT, Status.UNCERTAIN)
POLAR = {Status.PRESENT, Status.ABSENT}


@dataclass
class Side:
    """How one engine's statuses compare with the decisions. `flips`: present for absent, or absent for present."""

    right: int = 0
    flips: int = 0
    seconds: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def typical(self) -> tuple[float | None, float | None]:
        """Median seconds and median tokens (reasoning and answer) of a reading."""
        return (median(self.seconds), median(self.tokens)) if self.seconds else (None, None)


@dataclass
class Comparison:
    """Both engines over the same decisions of one finding, or of all ("").

    `only_shown`, `only_shadow`: decisions that one engine alone had right. `unreviewed`: what the shadow asserts and
    nobody decided. `missed`, `found`: findings added by hand, and those of them the shadow asserts.
    """

    name: str = ""
    decisions: int = 0
    shown: Side = field(default_factory=Side)
    other: Side = field(default_factory=Side)
    only_shown: int = 0
    only_shadow: int = 0
    unreviewed: int = 0
    missed: int = 0
    found: int = 0

    @property
    def p(self) -> float:
        """Two-sided p of McNemar's exact test: whether the decisions only one had right are even."""
        return mcnemar(self.only_shown, self.only_shadow)

    def interval(self, side: Side) -> tuple[float, float]:
        """The 95 % interval of a side's share of decisions it had right."""
        return wilson(side.right, self.decisions)


def mcnemar(first: int, second: int) -> float:
    """The exact binomial test that two counts of discordant pairs are even, two-sided."""
    count, few = first + second, min(first, second)
    tail = math.fsum(math.comb(count, k) for k in range(few + 1)) / 2**count if count < 1000 else _normal(first, second)
    return min(1.0, 2 * tail)


def _normal(first: int, second: int) -> float:
    """Half of the two-sided p for large counts, by the normal approximation with continuity correction."""
    return 0.5 * math.erfc(max(0.0, abs(first - second) - 1) / math.sqrt(2 * (first + second)))


@dataclass
class Evidence:
    """All of it: reports read by both, who was shown, and the comparisons by finding ("" first)."""

    reports: int = 0
    failed: int = 0
    shown: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Comparison] = field(default_factory=lambda: {"": Comparison("all findings")})


def compare(connection: Connection, site: str, engine: str, days: int = 90) -> Evidence:
    """An engine that read in the shadow, against the decisions of the last `days`."""
    evidence = Evidence()
    for row, decided in shadow.pairs(connection, site, engine, days, MOST_REPORTS):
        evidence.reports += 1
        evidence.failed += row.shadow_failed
        evidence.shown[str(row.engine.get("name", ""))] += 1
        _cost(evidence.findings[""], row)
        _weigh(evidence, statuses(row.verdicts), statuses(row.shadow_verdicts), decided)
    return evidence


def statuses(verdicts: Iterable[Mapping[str, Any]]) -> dict[str, Status]:
    """What a reading says, by finding id; of a finding on two sides the stronger word."""
    said: dict[str, Status] = {}
    for verdict in verdicts:
        finding, status = verdict["finding"]["id"], Status(verdict["status"])
        said[finding] = min(said.get(finding, status), status, key=STRENGTH.index)
    return said


def _cost(comparison: Comparison, row: ShadowPair) -> None:
    for side, usage in ((comparison.shown, row.usage), (comparison.other, row.shadow_usage)):
        side.seconds.append(float(usage.get("seconds", 0)))
        side.tokens.append(usage.get("reasoning_tokens", 0) + usage.get("answer_tokens", 0))


def _weigh(
    evidence: Evidence, shown: dict[str, Status], other: dict[str, Status], decided: Sequence[Suggestion]
) -> None:
    truth: dict[str, Status] = {}
    settled = {row.finding_id for row in decided}
    for row in decided:
        status = Status(row.status) if row.state != "rejected" else REJECTED.get(row.reason)
        places = _places(evidence, row.finding_id, row.finding["name"])
        if row.origin == "human" and row.state == "approved":
            for place in places:
                place.missed += 1
                place.found += other.get(row.finding_id) in ASSERTED
        elif status is not None and row.origin == "ai":
            truth[row.finding_id] = min(truth.get(row.finding_id, status), status, key=STRENGTH.index)
    for finding, status in truth.items():
        for place in _places(evidence, finding, ""):
            _score(place, status, shown.get(finding), other.get(finding))
    evidence.findings[""].unreviewed += sum(
        status in ASSERTED and finding not in settled for finding, status in other.items()
    )


def _places(evidence: Evidence, finding: str, name: str) -> tuple[Comparison, Comparison]:
    return evidence.findings[""], evidence.findings.setdefault(finding, Comparison(name))


def _score(place: Comparison, truth: Status, shown: Status | None, other: Status | None) -> None:
    place.decisions += 1
    right = [said is truth for said in (shown, other)]
    for side, said, is_right in zip((place.shown, place.other), (shown, other), right, strict=True):
        side.right += is_right
        side.flips += {said, truth} == POLAR
    place.only_shown += right == [True, False]
    place.only_shadow += right == [False, True]
