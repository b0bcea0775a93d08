"""Remarks on a whole report from two readers, each said once.

What rules can say surely - critical results and whether told, follow-up asked for, scores as written,
discrepancies, suspicious text - is said whichever reader gave the verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence

from integration.canonical import Advisory, AdvisoryKind, Quote
from services.reading.reader import Reading


def with_remarks(reading: Reading, rules: Reading) -> Reading:
    """The reading with those remarks of the rules that it does not make itself.

    Of a critical result that both remark the rules' remark stands: it shows the passage that tells of the call, or
    says that there is none. Elsewhere the rules fill in what the reading left open.
    """
    own = tuple(_joined(each, rules.advisories) for each in reading.advisories if not _shown_better(each, rules))
    further = tuple(each for each in rules.advisories if not any(_same(each, known) for known in own))
    return reading.model_copy(update={"advisories": (*own, *further)})


def _shown_better(own: Advisory, rules: Reading) -> bool:
    return own.kind is AdvisoryKind.CRITICAL_RESULT and any(_same(own, each) for each in rules.advisories)


def _joined(own: Advisory, others: Sequence[Advisory]) -> Advisory:
    other = next((each for each in others if _same(own, each)), None)
    if other is None:
        return own
    return own.model_copy(update={"detail": other.detail | {key: said for key, said in own.detail.items() if said}})


def _same(first: Advisory, second: Advisory) -> bool:
    """One kind of remark on overlapping words; two scores in one sentence are two."""
    if first.kind is not second.kind or first.detail.get("value") != second.detail.get("value"):
        return False
    return overlap(first.quotes, second.quotes)


def overlap(first: Sequence[Quote], second: Sequence[Quote]) -> bool:
    """Whether two quotes, one of each, share words of the report."""
    return any(one.start < other.end and other.start < one.end for one in first for other in second)
