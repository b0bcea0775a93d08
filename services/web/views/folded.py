"""What the rules read and do not suggest, since decisions of its grade are not right often enough: "also mentioned"."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from services.domain.reports import Json
from services.reading.grades import grades, told


@dataclass(frozen=True, slots=True)
class Folded:
    """A finding that is mentioned and not suggested. `precision`: "right in 8 of 16"; `quote`: the report's words."""

    name: str
    status: str
    side: str
    critical: bool
    precision: str
    quote: str


def folded(verdicts: Sequence[Json], suggested: Collection[str], threshold: float) -> list[Folded]:
    """Of the verdicts that are not shown (canonical Verdicts) those folded for their grade, critical ones first.

    A parent that says no more than its child, and what another reader's word made a suggestion, is none of them.
    """
    found = list(_found(verdicts, suggested, threshold))
    return sorted(found, key=lambda each: not each.critical)


def _found(verdicts: Sequence[Json], suggested: Collection[str], threshold: float) -> Iterator[Folded]:
    for each in verdicts:
        grade = grades().get(each.get("grade", ""))
        finding = each["finding"]
        if grade is None or grade.holds(threshold) or finding["id"] in suggested:
            continue
        quote = next((quote["text"] for quote in each["quotes"]), "")
        critical = bool(finding.get("critical")) and each["status"] == "present"
        yield Folded(finding["name"], each["status"], each["side"] or "", critical, told(grade.name), quote)
