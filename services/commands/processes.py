"""One command for each process, for the supervisor, compose.yaml and the chart alike."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import typer

from services.commands.common import Data, settings

# What a process refuses to start with, each with a message that is one clear line.
REFUSALS = (
    "ListenerError",
    "TlsError",
    "SenderError",
    "CatalogueError",
    "EngineError",
    "WorklistError",
    "SmartKeyError",
)


NAMES = {
    "listener": "Take HL7 v2 messages in over MLLP.",
    "subscriber": "Hear of DiagnosticReports from the FHIR server.",
    "relay": "Wake workers up for jobs that are due; take back what lost workers held.",
    "worker": "Read messages and reports.",
    "sender": "Empty the outbox into the FHIR server.",
    "worklist": "Serve the review screen and the APIs.",
}


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, text in NAMES.items():
        app.command(name, help=text)(_command(name))


def _command(name: str) -> Callable[..., None]:
    def command(data: Data = None) -> None:
        chosen = settings(data)
        # Imported only now: a process holds in memory what it runs, and nothing of the others.
        run = import_module(f"services.{name}.main").run
        try:
            run(chosen)
        except Exception as error:
            if type(error).__name__ not in REFUSALS and not isinstance(error, OSError):
                raise
            typer.echo(f"countersign {name}: {error}", err=True)
            raise typer.Exit(2) from None

    return command
