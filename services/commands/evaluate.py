"""`countersign evaluate`: an engine against labelled reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from integration.canonical import Status
from services.commands.engine import named
from services.evaluation.dataset import DatasetError, Labelled
from services.evaluation.dataset import load as load_dataset
from services.evaluation.score import Pair, Score, by_catalogue, pairs, score
from services.reading.catalogue import load as load_library
from services.reading.reader import ReadingError


class Form(StrEnum):
    """How the figures are written."""

    TEXT = "text"
    JSON = "json"


def evaluate(
    data: Annotated[str, typer.Option(help="dev, frozen, or a JSON-lines file with gold labels")] = "dev",
    engine: Annotated[str, typer.Option(help="rules, or a name of engines.yaml")] = "rules",
    errors: Annotated[bool, typer.Option(help="list each wrong label; refused for frozen")] = False,
    form: Annotated[Form, typer.Option("--format", help="text or json")] = Form.TEXT,
) -> None:
    """Score an engine on labelled reports: macro-F1, polarity flips, invented and missed findings."""
    if errors and data == "frozen":
        # The frozen part is scored, never read: an engine tuned on its errors would make it worthless.
        typer.echo("countersign evaluate: the frozen set is scored as a whole only; use --data dev", err=True)
        raise typer.Exit(2)
    items = _items(data)
    synthetic = all(item.origin == "synthetic" for item in items)
    try:
        found = pairs(items, named(engine, synthetic=synthetic), load_library())
    except ReadingError as error:
        typer.echo(f"countersign evaluate: {error}", err=True)
        raise typer.Exit(2) from None
    if form is Form.JSON:
        typer.echo(score(found).model_dump_json(indent=2))
        return
    _print(found, detailed=data != "frozen")
    if errors:
        _print_errors(found)


def _items(data: str) -> list[Labelled]:
    try:
        return load_dataset(data)
    except DatasetError as error:
        typer.echo(f"countersign evaluate: {error}", err=True)
        raise typer.Exit(2) from None


def _print(found: list[Pair], *, detailed: bool) -> None:
    whole = score(found)
    typer.echo(
        f"reports {whole.reports}  labels {whole.labels}  macro-F1 {whole.macro_f1:.3f}  "
        f"accuracy {whole.accuracy:.3f}  polarity flips {whole.polarity_flips}  invented {whole.invented}  "
        f"missed {whole.missed}  inexact quotes {whole.inexact_quotes}"
    )
    for status, each in whole.statuses.items():
        typer.echo(
            f"  {status.value:<10} labels {each.labels:>4}  precision {each.precision:.3f}  "
            f"recall {each.recall:.3f}  F1 {each.f1:.3f}"
        )
    if detailed:
        for catalogue, part in by_catalogue(found).items():
            typer.echo(_line(catalogue, part))


def _line(catalogue: str, part: Score) -> str:
    return (
        f"  {catalogue:<12} labels {part.labels:>4}  macro-F1 {part.macro_f1:.3f}  flips {part.polarity_flips}  "
        f"invented {part.invented}  missed {part.missed}"
    )


def _print_errors(found: list[Pair]) -> None:
    for pair in found:
        if pair.said is not pair.gold:
            evidence = " | ".join(" ".join(quote.split()) for quote in pair.evidence)
            flip = "FLIP " if {pair.said, pair.gold} == {Status.PRESENT, Status.ABSENT} else ""
            typer.echo(f"{flip}{pair.report} {pair.candidate}: gold {pair.gold}, said {pair.said}  {evidence}")
