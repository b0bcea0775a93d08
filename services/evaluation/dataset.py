"""Labelled reports: one JSON line each, with what the report says of every candidate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from integration.canonical import Record, Status

BUILT_IN = ("dev", "frozen")


class DatasetError(Exception):
    """A data set cannot be read; the message says which file, line and field."""


class Gold(Record):
    """The label of one candidate and quotes that support it."""

    status: Status
    quotes: tuple[str, ...] = ()


class Labelled(Record, extra="ignore"):
    """One report. `candidates`: catalogue ids, or names under an id of `names`; `gold` by the same ids.

    `origin`: synthetic, deidentified or clinical.
    """

    id: str
    text: str
    candidates: tuple[str, ...]
    gold: dict[str, Gold]
    names: dict[str, str] = Field(default_factory=dict)
    modality: str = ""
    body_part: str = ""
    catalogue: str = ""
    origin: str = "clinical"

    def asked(self) -> dict[str, Any]:
        """The report as a line of `countersign read`, without its labels."""
        names = [self.names.get(candidate, candidate) for candidate in self.candidates]
        exam = {"modality": self.modality, "body_part": self.body_part}
        return {"id": self.id, "text": self.text, "candidates": names, **exam}


def load(name: str) -> list[Labelled]:
    """A built-in set by name ("dev", "frozen") or a file. Raises DatasetError."""
    if name in BUILT_IN:
        return list(_lines(name, files("services.evaluation").joinpath("data", f"{name}.jsonl").read_text("utf-8")))
    path = Path(name)
    try:
        return list(_lines(path.name, path.read_text("utf-8")))
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _lines(name: str, text: str) -> Iterator[Labelled]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _labelled(f"{name}, line {number}", line)


def _labelled(where: str, line: str) -> Labelled:
    try:
        item = Labelled.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise DatasetError(f"{where}: not JSON ({error.msg} at column {error.colno})") from None
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, each["loc"])) + f" ({each['type']})" for each in error.errors())
        raise DatasetError(f"{where}: {fields}") from None
    if missing := set(item.candidates) - set(item.gold):
        raise DatasetError(f"{where}: no gold for {', '.join(sorted(missing))}")
    return item
