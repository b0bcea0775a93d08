"""`countersign read`: a file of reports through an engine, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.engine import named
from services.evaluation.batch import BatchError, read_file
from services.reading.catalogue import CatalogueError, load
from services.reading.reader import ReadingError


def read(
    source: Annotated[Path, typer.Option("--in", help="JSON lines: id, text, candidates, modality?, body_part?")],
    target: Annotated[Path, typer.Option("--out", help="JSON lines: id, findings with status and evidence")],
    engine: Annotated[str, typer.Option(help="rules, or a name of engines.yaml")] = "rules",
) -> None:
    """Read every report of a JSON-lines file and write what it asserts of each candidate."""
    reader = named(engine)
    try:
        count = read_file(source, target, reader, load())
    except (BatchError, CatalogueError, ReadingError) as error:
        raise _refused(str(error)) from None
    except OSError as error:
        raise _refused(f"{error.filename}: {error.strerror}") from None
    typer.echo(f"{count} reports read by {reader.engine.name}, answers in {target}", err=True)


def _refused(message: str) -> typer.Exit:
    typer.echo(f"countersign read: {message}", err=True)
    return typer.Exit(2)
