"""`countersign`: every command. Only what the named command needs is imported: a process holds what it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.models import CommandInfo

from services.commands import processes, progress

COMMANDS = {
    "up": "system:up",
    "demo": "system:demo",
    "doctor": "admin:doctor",
    "fhir": "fhir:fhir",
    "migrate": "admin:migrate",
    "settings": "admin:settings",
    "admin": "people:app",
    "verify": "admin:verify",
    "audit": "audit:app",
    "messages": "messages:messages",
    "message": "messages:message",
    "trace": "trace:trace",
    "quarantine": "messages:quarantine",
    "replay": "messages:replay",
    "senders": "senders:app",
    "schema": "schema:schema",
    "jobs": "jobs:app",
    "deliveries": "deliveries:app",
    "purge": "purge:purge",
    "send": "send:send",
    "read": "read:read",
    "explain": "explain:explain",
    "prompt": "prompt:prompt",
    "evaluate": "evaluate:app",
    "dataset": "dataset:app",
    "training": "training:app",
    "calibration": "calibration:app",
    "reviewers": "reviewers:reviewers",
    "capacity": "capacity:capacity",
    "serve-model": "serve_model:serve_model",
    "catalogue": "catalogue:app",
    "engine": "engine_check:app",
}

EXAMPLES = {
    "up": "up --data ./instance",
    "demo": "demo",
    "doctor": "doctor --data ./instance",
    "fhir": "fhir 'Observation?status=final'",
    "migrate": "migrate",
    "settings": "settings",
    "admin": "admin create ada --role signer --practitioner Practitioner/ada --generate",
    "verify": "verify --data ./instance",
    "audit": "audit list --json",
    "messages": "messages --state quarantined --json",
    "message": "message 42",
    "trace": "trace MSG00042 --json",
    "quarantine": "quarantine --by-reason",
    "replay": "replay 42 43",
    "senders": "senders try senders.yaml",
    "schema": "schema senders",
    "jobs": "jobs dead",
    "deliveries": "deliveries list",
    "purge": "purge --messages 365 --dry-run",
    "send": "send report.hl7 --to localhost:2575",
    "read": "read --in reports.jsonl --out findings.jsonl",
    "explain": "explain report.txt --modality DX",
    "prompt": "prompt report.txt --engine r1 --text",
    "evaluate": "evaluate --data dev --engine rules --out results",
    "dataset": "dataset export --out signed.jsonl --by ada",
    "training": "training results --by reader",
    "calibration": "calibration list",
    "reviewers": "reviewers --days 90 --by engine",
    "capacity": "capacity --per-day 2000 --json",
    "serve-model": "serve-model --profile tiny-cpu --print",
    "catalogue": "catalogue check",
    "engine": "engine check r1",
    "admin password": "admin password ada --generate",
    "audit verify": "audit verify --data ./instance",
    "calibration fit": "calibration fit --by ada",
    "calibration retire": "calibration retire --engine r1 --by ada",
    "catalogue show": "catalogue show chest-xray",
    "dataset import-csv": "dataset import-csv labels.csv --out labels.jsonl --origin synthetic",
    "deliveries dismiss": "deliveries dismiss 42 --reason 'receiver is gone'",
    "deliveries retry": "deliveries retry 42 43",
    "evaluate baseline": "evaluate baseline results/dev/results.json",
    "evaluate compare": "evaluate compare before/results.json after/results.json",
    "evaluate grades": "evaluate grades whole_dev.jsonl",
    "evaluate table": "evaluate table results/dev/results.json",
    "evaluate whole": "evaluate whole whole_dev.jsonl",
    "jobs cancel": "jobs cancel 42",
    "jobs list": "jobs list --state waiting",
    "jobs retry": "jobs retry 42",
    "jobs why": "jobs why 42",
    "training seed": "training seed --reports 20",
}
"""One command line that works for each command, and for each below it; its help ends with it."""
# They run on, speak for themselves, or ask something.
SPEAK = frozenset({"up", "demo", "send", "serve-model", "admin", *processes.NAMES})


def main() -> None:
    """The entry point of the command line."""
    build(sys.argv[1:2])()


def build(named: Iterable[str] = ()) -> typer.Typer:
    """The application with the command named, or with all of them where none or an unknown one is."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_group)
    known = {*named} & {*COMMANDS, *processes.NAMES}
    for name in COMMANDS:
        if not known or name in known:
            _add(app, name)
    processes.mount(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"countersign {version('countersign')}")
        raise typer.Exit


def _group(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Countersign: AI-suggested findings for radiology reports; nothing is final until a radiologist countersigns."""
    name = context.invoked_subcommand or ""
    # A bar moves on a terminal already.
    if name not in SPEAK and not (name == "evaluate" and sys.stderr.isatty()):
        context.call_on_close(progress.begin(f"countersign {name}"))


def _add(app: typer.Typer, name: str) -> None:
    module, attribute = COMMANDS[name].split(":")
    found: Callable[..., Any] | typer.Typer = getattr(import_module(f"services.commands.{module}"), attribute)
    epilog = f"Example: countersign {EXAMPLES[name]}"
    if isinstance(found, typer.Typer):
        for each in found.registered_commands:
            each.epilog = _epilog(name, each)
        app.add_typer(found, name=name, epilog=epilog)
    else:
        app.command(name, epilog=epilog)(found)


def _epilog(group: str, command: CommandInfo) -> str:
    name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
    shown = EXAMPLES.get(f"{group} {name}") or EXAMPLES[group]
    return f"Example: countersign {shown}"


if __name__ == "__main__":
    main()
