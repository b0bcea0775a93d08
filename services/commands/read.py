"""`countersign read`: a file of reports through an engine, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.engine import named
from services.commands.progress import doing
from services.evaluation.batch import BatchError, read_file
from services.reading.catalogue import CatalogueError, load
from services.reading.reader import ReadingError
from services.reading.rules.reader import RulesReader

_IN = "JSON lines: id, text, modality?, body_part?; candidates, or procedure?, sex?, age?, order_side?, sections?"
_OUT = "JSON lines: id, and findings with candidates; suggestions, absent and advisories without"


def read(
    source: Annotated[Path, typer.Option("--in", help=_IN)],
    target: Annotated[Path, typer.Option("--out", help=_OUT)],
    engine: Annotated[str, typer.Option(help="rules, or a name of engines.yaml")] = "rules",
    merged: Annotated[bool, typer.Option("--merged", help="a model and the rules together, as in production")] = False,
) -> None:
    """Read every report of a JSON-lines file: of each candidate, or of the exam's whole catalogue, what it asserts."""
    reader = named(engine)
    try:
        count = read_file(source, target, reader, load(), RulesReader() if merged else None, doing)
    except (BatchError, CatalogueError, ReadingError) as error:
        raise _refused(str(error)) from None
    except OSError as error:
        raise _refused(f"{error.filename}: {error.strerror}") from None
    typer.echo(f"{count} reports read by {reader.engine.name}, answers in {target}", err=True)


def _refused(message: str) -> typer.Exit:
    typer.echo(f"countersign read: {message}", err=True)
    return typer.Exit(2)
