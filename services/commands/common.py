"""What every command shares: which settings it runs with, and how it fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from services.actions.operating import Operator
from services.embedded import instance
from services.embedded.account import EmbeddedError
from services.settings import Settings, SettingsError, load
from services.store.engine import connect

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of words.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of an embedded instance (`countersign up`).")]


def settings(data: Path | None) -> Settings:
    """The settings of the environment, or of the embedded instance in a folder. Ends the command if they are bad."""
    with clear_errors():
        return load(instance.environment(data.absolute()) if data else os.environ)


@contextmanager
def database(data: Path | None) -> Iterator[Connection]:
    """A transaction on the database. Ends the command where PostgreSQL does not answer."""
    engine = connect(settings(data).database)
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError:
        where = f"the instance in {data} is not running" if data else "see COUNTERSIGN_DATABASE__HOST and …__PORT"
        typer.echo(f"countersign: PostgreSQL does not answer; {where}", err=True)
        raise typer.Exit(1) from None
    finally:
        engine.dispose()


@contextmanager
def clear_errors() -> Iterator[None]:
    """Ends the command with the message alone: what is wrong, where, and what to do."""
    try:
        yield
    except (SettingsError, EmbeddedError) as error:
        typer.echo(f"countersign: {error}", err=True)
        raise typer.Exit(2) from None


def one_of(states: Iterable[str]) -> Callable[[str], str]:
    """The callback of an option that takes one of these, or nothing."""

    words = tuple(states)

    def check(value: str) -> str:
        if value and value not in words:
            raise typer.BadParameter(f"there are {', '.join(words)}")
        return value

    return check


def at_the_machine() -> Operator:
    """Who gives a command, as audit rows name them: a user of the operating system, for every site."""
    return Operator(f"operating system user {os.getuid()}")
