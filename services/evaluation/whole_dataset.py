"""Reports labelled for the whole catalogue of their exam: what a reviewer should be shown, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from integration.canonical import Record, Side, Status
from services.evaluation.dataset import DatasetError, Origin, problems_of
from services.evaluation.production import Exam

PREFIX = "whole_"
"""Sets of this form that come with the package have names that begin so."""
SHOWN = 20


class GoldSuggestion(Record):
    """A finding that should be suggested. `critical`: a new or current critical result of this exam."""

    finding: str
    status: Literal[Status.PRESENT, Status.UNCERTAIN]
    side: Side | None = None
    critical: bool = False
    quote: str = ""


class GoldAdvisory(Record):
    """A remark that should be made; which fields hold something depends on `kind`."""

    kind: Literal["critical", "follow_up", "discrepancy", "score"]
    finding: str = ""
    communicated: Literal["yes", "no", ""] = ""
    modality: str = ""
    interval: str = ""
    type: str = ""
    value: str = ""
    quote: str = ""


class WholeGold(Record):
    """Labels of one report. `tolerated`: neither right nor wrong if shown. `absent`: some that are denied."""

    suggestions: tuple[GoldSuggestion, ...]
    tolerated: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    advisories: tuple[GoldAdvisory, ...] = ()


class WholeReport(Record, extra="ignore"):
    """One line: the exam as an order would say it, its report, and every suggestion a reviewer should see."""

    exam: Exam
    gold: WholeGold
    tags: tuple[str, ...] = ()
    origin: Origin = Origin.CLINICAL

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, item: Any) -> Any:
        return {**item, "exam": item} if isinstance(item, dict) else item

    @model_validator(mode="after")
    def _consistent(self) -> WholeReport:
        if problem := next(self._problems(), None):
            raise PydanticCustomError("label", problem)
        return self

    def _problems(self) -> Iterator[str]:
        for name in ("suggestions", "advisories"):
            for place, each in enumerate(getattr(self.gold, name)):
                if each.quote and each.quote not in self.exam.text:
                    yield f"gold.{name}.{place}.quote: does not stand in the text letter by letter"


def built_in_whole() -> tuple[str, ...]:
    """The names of the sets of this form that come with the package."""
    names = (entry.name for entry in files("services.evaluation").joinpath("data").iterdir())
    return tuple(sorted(each.removesuffix(".jsonl") for each in names if each.startswith(PREFIX)))


def is_frozen_whole(name: str) -> bool:
    """Whether a set, of the package or a file, is scored and its mistakes never read: its name says so."""
    return "frozen" in Path(name).stem


def load_whole(name: str) -> list[WholeReport]:
    """A set of the package by name ("whole_dev") or a file. Raises DatasetError with a line for each mistake."""
    path = files("services.evaluation").joinpath("data", f"{name}.jsonl") if name in built_in_whole() else Path(name)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 at byte {error.start}") from None
    return parse_whole(path.name, text.split("\n"))


def parse_whole(name: str, lines: Iterable[str]) -> list[WholeReport]:
    """The reports of a file's lines. Raises DatasetError naming `name`, line and field, never what stands there."""
    reports: list[WholeReport] = []
    problems: list[str] = []
    seen: set[str | int] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            report = WholeReport.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            problems.append(f"{name}, line {number}: not JSON ({error.msg} at column {error.colno})")
            continue
        except ValidationError as error:
            problems += [f"{name}, line {number}: {each}" for each in problems_of(error)]
            continue
        if report.exam.id in seen:
            problems.append(f"{name}, line {number}: id: stands there before")
        seen.add(report.exam.id)
        reports.append(report)
    if problems or not reports:
        raise DatasetError("\n".join(problems[:SHOWN]) or f"{name}: holds no report")
    return reports
