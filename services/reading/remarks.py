"""Remarks on a whole report from two readers, each said once.

What rules can say surely - critical results and whether told, follow-up asked for, scores as written,
discrepancies, suspicious text - is said whichever reader gave the verdicts.
"""

from __future__ import annotations

from integration.canonical import Advisory
from services.reading.reader import Reading


def with_remarks(reading: Reading, rules: Reading) -> Reading:
    """The reading with those remarks of the rules that it does not make itself."""
    own = reading.advisories
    further = tuple(each for each in rules.advisories if not any(_same(each, known) for known in own))
    return reading.model_copy(update={"advisories": (*own, *further)})


def _same(first: Advisory, second: Advisory) -> bool:
    """One kind of remark on overlapping words; two scores in one sentence are two."""
    if first.kind is not second.kind or first.detail.get("value") != second.detail.get("value"):
        return False
    return any(one.start < other.end and other.start < one.end for one in first.quotes for other in second.quotes)
