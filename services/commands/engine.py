"""The reader a command names with --engine."""

from __future__ import annotations

import typer

from services.reading.reader import Reader
from services.reading.rules.reader import RulesReader


def named(engine: str) -> Reader:
    """The reader of that name; ends the command with a clear line for a name nobody defined."""
    if engine == "rules":
        return RulesReader()
    typer.echo(f"engine {engine!r} is not known; known here: rules", err=True)
    raise typer.Exit(2)
