"""The reader a command names with --engine."""

from __future__ import annotations

import typer

from services.engines import RULES, EngineError, load_engines
from services.reading.reader import Reader
from services.reading.rules.reader import RulesReader
from services.settings import SettingsError, load
from services.workflow.engine_reader import build_reader


def named(engine: str, *, synthetic: bool = False) -> Reader:
    """The reader of that name; ends the command with a clear line for a name nobody defined.

    `synthetic`: every text it will be asked about is of synthetic origin.
    """
    rules = RulesReader()
    if engine == RULES:
        return rules
    try:
        settings = load()
        reading = settings.reading
        return build_reader(
            engine,
            load_engines(settings.config_dir),
            rules,
            per_call=reading.candidates_per_call,
            votes=reading.votes,
            synthetic=synthetic,
        )
    except (EngineError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
