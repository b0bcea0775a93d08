"""One command for each process, for the supervisor, compose.yaml and the chart alike."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import typer
from sqlalchemy.exc import SQLAlchemyError

from services.commands.common import Data, settings
from services.settings import Settings
from services.store.engine import connect
from services.store.purpose import PurposeError, claim

DOORS = ("listener", "subscriber")

# What a process refuses to start with, each with a message that is one clear line.
REFUSALS = (
    "ListenerError",
    "TlsError",
    "SenderError",
    "CatalogueError",
    "EngineError",
    "WorklistError",
    "SmartKeyError",
    "PurposeError",
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


def _check_purpose(name: str, chosen: Settings) -> None:
    """Only the worklist runs in a training instance, and no door opens onto its database. Ends the command.

    The doors do not wait for PostgreSQL; where it is away, the database itself refuses what they bring.
    """
    if chosen.training and name != "worklist":
        typer.echo(f"countersign {name}: a training instance (COUNTERSIGN_TRAINING) runs only the worklist", err=True)
        raise typer.Exit(2)
    if name in DOORS:
        engine = connect(chosen.database)
        try:
            with engine.begin() as connection:
                claim(connection, training=False)
        except PurposeError as error:
            typer.echo(f"countersign {name}: {error}", err=True)
            raise typer.Exit(2) from None
        except SQLAlchemyError:
            return
        finally:
            engine.dispose()


def _command(name: str) -> Callable[..., None]:
    def command(data: Data = None) -> None:
        chosen = settings(data)
        _check_purpose(name, chosen)
        # Imported only now: a process holds in memory what it runs, and nothing of the others.
        run = import_module(f"services.processes.{name}.main").run
        try:
            run(chosen)
        except Exception as error:
            if type(error).__name__ not in REFUSALS and not isinstance(error, OSError):
                raise
            typer.echo(f"countersign {name}: {error}", err=True)
            raise typer.Exit(2) from None

    return command
