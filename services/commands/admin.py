"""Commands for operators: migrate, settings, doctor, verify."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.common import Data, database
from services.commands.common import settings as chosen
from services.commands.progress import counted, doing
from services.doctor import examine
from services.settings import markdown
from services.store import integrity
from services.store.migrate import migrate as upgrade


def migrate(data: Data = None) -> None:
    """Bring the database's schema up to date."""
    doing("bringing the schema up to date")
    with database(data) as connection:
        typer.echo(upgrade(connection))


def settings() -> None:
    """List every setting with its default and meaning (docs/settings.md)."""
    typer.echo(markdown(), nl=False)


def doctor(
    data: Data = None,
    listener: Annotated[bool, typer.Option(help="Whether this installation has an HL7 listener.")] = True,
) -> None:
    """Say what is reachable, what is misconfigured and what waits, in plain words; exit 1 if anything is wrong."""
    findings = examine(chosen(data), listener=listener)
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.well else 'BAD '} {finding.what}: {finding.says}")
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


def verify(data: Data = None) -> None:
    """Say whether what is stored is whole: schema, messages, queue, audit chain; exit 1 if anything is broken."""
    broken = False
    with database(data) as connection:
        for check in counted(integrity.examine(connection), "checks are done"):
            typer.echo(f"{'BAD ' if check.wrong else 'ok  '} {check.what}: {check.wrong or check.says}")
            broken = broken or bool(check.wrong)
    raise typer.Exit(1 if broken else 0)
