"""A reader's answers to production's question on labelled reports: figures, and mistakes for whoever mends them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from services.evaluation.errors import EvaluationError
from services.evaluation.figures import Estimate
from services.evaluation.production import question_of, read_exam
from services.evaluation.report.tables import Table
from services.evaluation.whole_dataset import WholeReport
from services.evaluation.whole_figures import FIGURES, Measured, groups, measured
from services.evaluation.whole_scores import Mistake, Tally, tally
from services.reading.catalogue import Library
from services.reading.reader import Reader


def ask(reports: Iterable[WholeReport], reader: Reader, library: Library, rules: Reader | None) -> list[dict[str, Any]]:
    """The reader's answer to each report, in order. Raises ReadingError."""
    return [read_exam(report.exam, reader, library, rules) for report in reports]


def read_answers(path: Path, reports: Sequence[WholeReport]) -> list[dict[str, Any]]:
    """The answers of an earlier `countersign read`, in the order of the reports. Raises EvaluationError."""
    try:
        given = {each["id"]: each for each in map(json.loads, path.read_text("utf-8").splitlines())}
        return [given[report.exam.id] for report in reports]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise EvaluationError(f"{path}: does not hold an answer of `countersign read` to each report") from None


def tallies(reports: Sequence[WholeReport], answers: Sequence[dict[str, Any]], library: Library) -> list[Tally]:
    """What is counted of each report; labels of findings its exam's catalogue does not ask are left out."""
    asked = ({each.finding.id for each in question_of(report.exam, library).catalogue.candidates} for report in reports)
    return [tally(*each) for each in zip(reports, answers, asked, strict=True)]


def scores(
    reports: Sequence[WholeReport], counted: Sequence[Tally], *, resamples: int, seed: int
) -> dict[str, list[Measured]]:
    """All figures by group: all, short, long."""
    return {
        name: measured([counted[place] for place in places], resamples=resamples, seed=seed)
        for name, places in groups(reports).items()
    }


def table(name: str, reports: Sequence[WholeReport], found: dict[str, list[Measured]]) -> Table:
    """A row for each figure, a column for each group of reports."""
    sizes = {group: len(places) for group, places in groups(reports).items()}
    columns = ("", *(f"{group} ({sizes[group]})" for group in found))
    rows = [(figure.name, *(_cell(each[place]) for each in found.values())) for place, figure in enumerate(FIGURES)]
    return Table(title=f"{name}: {len(reports)} reports, whole catalogue", columns=columns, rows=tuple(rows))


def as_json(found: dict[str, list[Measured]]) -> dict[str, Any]:
    """The figures by group and name."""
    return {
        group: {
            each.figure.name: {
                "part": each.part,
                "over": each.over,
                **(each.estimate.model_dump() if each.estimate else {}),
            }
            for each in figures
        }
        for group, figures in found.items()
    }


def mistakes(reports: Sequence[WholeReport], counted: Sequence[Tally]) -> list[tuple[str, Mistake]]:
    """Every mistake with its report's id. Never of a frozen set: whoever reads them tunes on it."""
    return [(str(report.exam.id), each) for report, own in zip(reports, counted, strict=True) for each in own.mistakes]


def _cell(found: Measured) -> str:
    if found.estimate is None:
        return "–"
    return f"{_shown(found.estimate)} {found.part}/{found.over}"


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
