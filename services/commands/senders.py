"""`countersign senders`: the maps of senders, and what a changed file would do before it is put in place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integration.hl7v2.senders import SenderError, Senders, load_senders
from services.actions.trying_senders import Trial, tried
from services.commands.common import Data, database
from services.commands.common import settings as load_settings
from services.commands.progress import counted
from services.store import inbox
from services.workflow.context import site

app = typer.Typer(no_args_is_help=True, help="Sender maps.")
MOST_NAMED = 20


@app.callback()
def _group() -> None:
    """Sender maps: how each feed differs from the default."""


@app.command("try")
def try_(
    file: Annotated[Path, typer.Argument(help="a senders.yaml that is not in use yet", metavar="FILE")],
    data: Data = None,
    last: Annotated[
        int, typer.Option(help="so many messages that were read are tried as well, the newest", min=0)
    ] = 500,
) -> None:
    """Say what a file of sender maps would make of the messages in quarantine, and of the last ones that were read.

    Nothing is changed: put the file in place and `countersign replay` what it accepts. Exit status 1 where a message
    that was read would not be read any more.
    """
    settings = load_settings(data)
    try:
        then = load_senders(file, settings.fhir.authorities)
    except SenderError as fault:
        typer.echo(f"countersign: {fault}", err=True)
        raise typer.Exit(2) from None
    if not file.is_file():
        typer.echo(f"countersign: {file}: no such file", err=True)
        raise typer.Exit(2)
    trial = _trial(data, site(settings).senders, then, last)
    _say(trial)
    if trial.lost:
        raise typer.Exit(1)


def _trial(data: Path | None, now: Senders, then: Senders, last: int) -> Trial:
    with database(data) as connection:
        return tried(counted(inbox.to_try(connection, last), "messages tried"), now, then)


def _say(trial: Trial) -> None:
    held = len(trial.read) + len(trial.ignored) + trial.still.total()
    typer.echo(f"{held} in quarantine: {len(trial.read)} would be read, {len(trial.ignored)} ignored")
    if trial.read:
        typer.echo(f"  read: {_ids(trial.read)}")
    for reason, count in trial.still.most_common():
        typer.echo(f"  {count} still: {reason}")
    total = trial.same + len(trial.changed) + len(trial.lost)
    typer.echo(f"{total} that were read: {len(trial.changed)} would be read otherwise, {len(trial.lost)} not any more")
    if trial.changed:
        typer.echo(f"  otherwise: {_ids(trial.changed)}")
    for number, reason in list(trial.lost.items())[:MOST_NAMED]:
        typer.echo(f"  not any more: {number}: {reason}")


def _ids(numbers: list[int]) -> str:
    more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
    return " ".join(str(number) for number in numbers[:MOST_NAMED]) + more
