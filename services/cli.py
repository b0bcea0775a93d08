"""`countersign`: every command. Only what the named command needs is imported: a process holds what it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import typer

from services.commands import processes

COMMANDS = {
    "up": "system:up",
    "demo": "system:demo",
    "doctor": "admin:doctor",
    "migrate": "admin:migrate",
    "settings": "admin:settings",
    "verify": "admin:verify",
    "audit": "audit:app",
    "messages": "messages:messages",
    "message": "messages:message",
    "quarantine": "messages:quarantine",
    "replay": "messages:replay",
    "jobs": "jobs:app",
    "deliveries": "deliveries:app",
    "purge": "purge:purge",
    "send": "send:send",
    "read": "read:read",
    "evaluate": "evaluate:app",
    "dataset": "dataset:app",
    "training": "training:app",
    "calibration": "calibration:app",
    "reviewers": "reviewers:reviewers",
    "capacity": "capacity:capacity",
    "serve-model": "serve_model:serve_model",
    "catalogue": "catalogue:app",
}


def main() -> None:
    """The entry point of the command line."""
    build(sys.argv[1:2])()


def build(named: Iterable[str] = ()) -> typer.Typer:
    """The application with the command named, or with all of them where none or an unknown one is."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help="Countersign.", pretty_exceptions_enable=False)
    app.callback()(_group)
    known = {*named} & {*COMMANDS, *processes.NAMES}
    for name in COMMANDS:
        if not known or name in known:
            _add(app, name)
    processes.mount(app)
    return app


def _group() -> None:
    """AI-suggested findings for radiology reports; nothing is final until a radiologist countersigns."""


def _add(app: typer.Typer, name: str) -> None:
    module, attribute = COMMANDS[name].split(":")
    found: Callable[..., Any] | typer.Typer = getattr(import_module(f"services.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name)(found)


if __name__ == "__main__":
    main()
