"""How often each grade was right, counted on labelled reports: what ships as `services/reading/grades.yaml`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.evaluation.whole_dataset import WholeReport
from services.reading.grades import grades


def counted(reports: Sequence[WholeReport], answers: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Grade → (right, of how many), folded suggestions too; what the labels tolerate, or cannot know, is left out."""
    right, total = Counter[str](), Counter[str]()
    for report, answer in zip(reports, answers, strict=True):
        for grade, is_right in _judged(report, answer["suggestions"]):
            right[grade] += is_right
            total[grade] += 1
    return {name: (right[name], total[name]) for name in grades()}


def _judged(report: WholeReport, suggestions: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    wanted = {(each.finding, each.status.value) for each in report.gold.suggestions}
    asked = {finding for finding, _ in wanted}
    for each in suggestions:
        if each["finding"] in asked or each["finding"] not in report.gold.tolerated:
            yield each["grade"], (each["finding"], each["status"]) in wanted


def as_yaml(source: str, found: Mapping[str, tuple[int, int]]) -> str:
    """The file that ships: each grade with its meaning and its counts."""
    lines = [f"source: {source}", "grades:"]
    for name, grade in grades().items():
        right, total = found[name]
        lines.append(f'  {name}: {{meaning: "{grade.meaning}", right: {right}, total: {total}}}')
    return "\n".join(lines)
