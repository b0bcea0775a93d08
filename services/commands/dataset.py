"""`countersign dataset`: a site's own decisions as a data set. Nothing of them leaves any other way."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from services.commands.answerable import By, administrator
from services.commands.common import Data, database, settings
from services.commands.import_csv import import_csv
from services.commands.progress import counted
from services.evaluation.decisions import Export, note_export
from services.evaluation.decisions import export as exported
from services.evaluation.vocabulary import words
from services.reading.catalogue import load as load_library
from services.settings import Settings
from services.store import signed_reports
from services.workflow.context import in_folder

app = typer.Typer(no_args_is_help=True, help="Data sets from the worklist's decisions, or from a CSV.")
app.command("import-csv")(import_csv)


@app.callback()
def _group() -> None:
    """Data sets from the worklist's decisions, or from a CSV."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="File to write; it must not exist.")],
    by: By,
    data: Data = None,
    days: Annotated[int, typer.Option(min=1, help="Reports signed within so many days.")] = 365,
    allow: Annotated[Path | None, typer.Option(help="Words that name nobody, as somebody here has checked.")] = None,
    suspects: Annotated[Path | None, typer.Option(help="Where to write the words that refused reports.")] = None,
) -> None:
    """Write signed reports without people, with their decisions as labels; what cannot be cleaned stays.

    Read the file before it goes anywhere: no program sees everything.
    """
    allowed = frozenset(words([_text(allow)])) if allow else frozenset()
    _check_free(out, suspects)
    chosen = settings(data)
    part = out.with_name(out.name + ".part")
    try:
        with database(data) as connection:
            person = administrator(connection, chosen, by)
            result = _collect(connection, chosen, days, allowed)
            digest = _write(part, [item.model_dump_json() for item in result.items])
            note_export(connection, person, result, digest, os.getuid())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if suspects:
        _write(suspects, sorted(result.suspects))
    _say(result, out)


def _collect(connection: Connection, chosen: Settings, days: int, allowed: frozenset[str]) -> Export:
    library = load_library(in_folder(chosen, "catalogue"))
    signed = counted(signed_reports.signed(connection, chosen.site, days), "signed reports cleaned")
    result = exported(signed, library, allowed)
    if not result.items:
        for reason, count in result.refused.most_common():
            typer.echo(f"countersign: {count} refused: {reason}", err=True)
        _end("no report can leave: none signed in that time, or none that can be cleaned safely")
    return result


def _write(path: Path, lines: list[str]) -> str:
    """Lines into a file only its owner reads; the SHA-256 of what was written."""
    content = "".join(f"{line}\n" for line in lines).encode()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            os.fsync(file.fileno())
    except OSError as error:
        _end(f"{path}: {error.strerror}")
    return hashlib.sha256(content).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _end(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}")


def _check_free(*paths: Path | None) -> None:
    for path in paths:
        if path and path.exists():
            _end(f"{path} exists: nothing is overwritten")


def _say(result: Export, out: Path) -> None:
    table = Table("Kind", "Count")
    for kind, count in sorted(result.removed.items()):
        table.add_row(f"removed: {kind}", str(count))
    for reason, count in result.refused.most_common():
        table.add_row(f"refused: {reason}", str(count))
    Console().print(table)
    typer.echo(f"{len(result.items)} reports in {out}; {sum(result.refused.values())} stay here. Read the file first.")


def _end(message: str) -> NoReturn:
    typer.echo(f"countersign dataset: {message}", err=True)
    raise typer.Exit(2)
