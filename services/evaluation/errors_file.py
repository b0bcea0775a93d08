"""The wrong labels of an evaluation, one row each, for whoever improves prompt, catalogue or labels.

The quotes in it are the reports' own words: it stays where the reports are. There is none of a frozen set.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from integration.canonical import Status
from services.evaluation.answers import Answered
from services.evaluation.dataset import Labelled

COLUMNS = ("engine", "report", "finding", "label", "said", "kind", "quotes")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_errors(path: Path, items: Sequence[Labelled], answers: Mapping[str, Sequence[Answered]]) -> None:
    """Every wrong or unsupported label of every engine, flips first; readable by its owner only."""
    rows = sorted(_errors(items, answers), key=lambda row: row[5] != "flip")
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="", encoding="utf-8"
    ) as to:
        writer = csv.writer(to)
        writer.writerow(COLUMNS)
        writer.writerows([_plain(cell) for cell in row] for row in rows)


def _errors(items: Sequence[Labelled], answers: Mapping[str, Sequence[Answered]]) -> Iterator[tuple[str, ...]]:
    for engine, given in answers.items():
        for item, answer in zip(items, given, strict=True):
            for finding in item.candidates:
                gold = item.gold[finding].status
                if answer.failure:
                    yield (engine, item.id, finding, gold, "", str(answer.failure), "")
                elif kind := _kind(gold, answer.said[finding].status, answer.said[finding].unsupported):
                    said = answer.said[finding]
                    quotes = " | ".join(" ".join(quote.split()) for quote in said.quotes)
                    yield (engine, item.id, finding, gold, said.status, kind, quotes)


def _kind(gold: Status, said: Status, unsupported: bool) -> str:
    """What is wrong with a label; "" for nothing."""
    if {gold, said} == {Status.PRESENT, Status.ABSENT}:
        return "flip"
    if gold is said:
        return "unsupported" if unsupported else ""
    if gold is Status.NOT_MENTIONED:
        return "invented"
    return "missed" if said is Status.NOT_MENTIONED else "status"


def _plain(cell: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
