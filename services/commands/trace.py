"""`countersign trace`: the way of one report, from any number it goes by."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import TypeAdapter

from services.actions.tracing import as_text, traced
from services.commands.common import AsJson, Data, at_the_machine, database
from services.domain.traces import Trace


def trace(
    number: Annotated[
        str,
        typer.Argument(
            help="control id, accession, patient id, FHIR Type/id, or message/7, report/7, job/7, delivery/7",
            metavar="ID",
        ),
    ],
    data: Data = None,
    as_json: AsJson = False,
    with_text: Annotated[bool, typer.Option("--with-text", help="With patients' names and reports' text.")] = False,
) -> None:
    """Say what became of a message or report: frame, versions, readings, decisions, deliveries, with times.

    Without --with-text it can be pasted into a ticket: it holds no patient's name, number or text.

    Example: countersign trace MSG00042 --data .countersign
    """
    with database(data) as connection:
        found = traced(connection, at_the_machine(), number, texts=with_text)
    if found is None:
        typer.echo(f"countersign: nothing is known by {number!r}; `countersign messages` lists what came in", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(TypeAdapter(Trace).dump_json(found, indent=1).decode())
    else:
        typer.echo(as_text(found), nl=False)
