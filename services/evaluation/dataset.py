"""Labelled reports: one JSON line each, with what the report says of every candidate."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from integration.canonical import Record, Status, sha256
from services.evaluation.errors import EvaluationError

SHOWN = 20
"""Mistakes told at once; a file of another form would have one in every line."""


class DatasetError(EvaluationError):
    """A data set cannot be read; the message says which file, line and field, and never what stands there."""


class Origin(StrEnum):
    """Whose text it is: only synthetic text may be given to an engine outside the house."""

    SYNTHETIC = "synthetic"
    DEIDENTIFIED = "deidentified"
    CLINICAL = "clinical"


class Gold(Record):
    """The label of one candidate and quotes that support it, each a slice of the text."""

    status: Status
    quotes: tuple[str, ...] = ()


class Labelled(Record, extra="ignore"):
    """One report. `candidates`: catalogue ids, or names under an id of `names`; `gold` by the same ids.

    `tags`: what is special about the report; figures are given for each. `catalogue`: the exam family.
    """

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    candidates: tuple[str, ...] = Field(min_length=1)
    gold: dict[str, Gold]
    names: dict[str, str] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    modality: str = ""
    body_part: str = ""
    catalogue: str = ""
    origin: Origin = Origin.CLINICAL

    @model_validator(mode="after")
    def _consistent(self) -> Labelled:
        if problem := next(self._problems(), None):
            raise PydanticCustomError("label", problem)
        return self

    def _problems(self) -> Iterator[str]:
        if len(set(self.candidates)) < len(self.candidates):
            yield "candidates: one stands there twice"
        for candidate in self.candidates:
            if candidate not in self.gold:
                yield f"gold.{candidate}: missing; every candidate needs a label"
        for candidate, gold in self.gold.items():
            if candidate not in self.candidates:
                yield f"gold.{candidate}: not among the candidates"
            if gold.status is Status.NOT_MENTIONED and gold.quotes:
                yield f"gold.{candidate}.quotes: what is not mentioned has none"
            for place, quote in enumerate(gold.quotes):
                if not quote or quote not in self.text:
                    yield f"gold.{candidate}.quotes.{place}: does not stand in the text letter by letter"

    def asked(self) -> dict[str, Any]:
        """The report as a line of `countersign read`, without its labels."""
        names = [self.names.get(candidate, candidate) for candidate in self.candidates]
        exam = {"modality": self.modality, "body_part": self.body_part}
        return {"id": self.id, "text": self.text, "candidates": names, **exam}


def built_in() -> tuple[str, ...]:
    """The names of the sets that come with the package and name their candidates."""
    names = (entry.name for entry in files("services.evaluation").joinpath("data").iterdir())
    own = (name for name in names if name.endswith(".jsonl") and not name.startswith("whole_"))
    return tuple(sorted(name.removesuffix(".jsonl") for name in own))


def is_frozen(name: str) -> bool:
    """Whether a set is scored and never read: an engine tuned on its errors would make it worthless."""
    return name in built_in() and name.startswith("frozen")


def load(name: str) -> list[Labelled]:
    """A built-in set by name ("dev", "frozen") or a file. Raises DatasetError with a line for each mistake."""
    if name in built_in():
        text = files("services.evaluation").joinpath("data", f"{name}.jsonl").read_text("utf-8")
        return parse(name, text)
    path = Path(name)
    try:
        return parse(path.name, path.read_text("utf-8"))
    except OSError as error:
        known = ", ".join(built_in())
        raise DatasetError(f"{path}: {error.strerror or 'cannot be read'}; sets that come along: {known}") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 at byte {error.start}") from None


def parse(name: str, text: str) -> list[Labelled]:
    """The reports of a file's text. Raises DatasetError naming `name`, line and field."""
    items: list[Labelled] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = _labelled(line)
        except DatasetError as error:
            problems += [f"{name}, line {number}: {each}" for each in str(error).split("\n")]
            continue
        if lines.setdefault(item.id, number) != number:
            problems.append(f"{name}, line {number}: id: also in line {lines[item.id]}")
        items.append(item)
    _check(name, items, problems)
    return items


def digest(items: Iterable[Labelled]) -> str:
    """Names the content of a set: 12 hexadecimal digits."""
    return sha256(*(item.model_dump_json() for item in items))[:12]


def _check(name: str, items: list[Labelled], problems: list[str]) -> None:
    if problems:
        more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise DatasetError("\n".join([*problems[:SHOWN], *more]))
    if not items:
        raise DatasetError(f"{name}: holds no report")


def _labelled(line: str) -> Labelled:
    try:
        return Labelled.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise DatasetError(f"not JSON ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise DatasetError("not JSON (nested too deeply)") from None
    except ValidationError as error:
        raise DatasetError("\n".join(problems_of(error))) from None


def problems_of(error: ValidationError) -> list[str]:
    """Each mistake as field and reason, without what stands there."""
    return [_problem(each) for each in error.errors(include_input=False, include_url=False, include_context=False)]


def _problem(error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"]))
    return f"{where}: {error['msg']}" if where else error["msg"]
