"""Commands for operators: migrate, settings, doctor."""

from __future__ import annotations

import typer

from services.commands.common import Data, database
from services.commands.common import settings as chosen
from services.doctor import examine
from services.settings import markdown
from services.store.migrate import migrate as upgrade


def migrate(data: Data = None) -> None:
    """Bring the database's schema up to date."""
    with database(data) as connection:
        typer.echo(upgrade(connection))


def settings() -> None:
    """List every setting with its default and meaning (docs/settings.md)."""
    typer.echo(markdown(), nl=False)


def doctor(data: Data = None) -> None:
    """Say what is reachable, what is misconfigured and what waits, in plain words; exit 1 if anything is wrong."""
    findings = examine(chosen(data))
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.well else 'BAD '} {finding.what}: {finding.says}")
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)
