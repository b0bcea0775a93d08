"""`countersign deliveries`: the outbox as an operator sees it: what waits or was refused, retry, dismiss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from services.actions import operating as actions
from services.actions.operating import Operator
from services.commands.common import Data, at_the_machine, database, one_of
from services.domain.words import DeliveryState
from services.store import deliveries as store

STATES = ", ".join(DeliveryState)
app = typer.Typer(no_args_is_help=True, help="The outbox: what waits or was refused, retry, dismiss.")
Ids = Annotated[list[int], typer.Argument(help="Delivery numbers.", metavar="ID…")]


@app.command("list")
def list_deliveries(
    data: Data = None,
    state: Annotated[
        str, typer.Option(callback=one_of(DeliveryState), help=f"{STATES}; without it pending and dead")
    ] = "",
) -> None:
    """List deliveries in the order they go out, with the reason why one has not."""
    with database(data) as connection:
        rows = store.in_states(connection, (state,) if state else ("pending", "dead"))
    table = Table("Id", "Kind", "Destination", "Report", "State", "Attempts", "Reason")
    for row in rows:
        cells = (row.id, f"{row.kind} {row.event}".strip(), row.destination, row.report_id, row.state, row.attempts)
        table.add_row(*map(str, cells), row.reason)
    Console().print(table)


@app.command()
def retry(ids: Ids, data: Data = None) -> None:
    """Send dead or blocked deliveries on their way again; a stopped outbound HL7 queue goes on with them."""
    _change(data, ids, actions.retry_delivery)


@app.command()
def dismiss(
    ids: Ids,
    data: Data = None,
    reason: Annotated[str, typer.Option(help="Kept with the delivery; no patient's data.")] = "given up by an operator",
) -> None:
    """Let refused deliveries go; a stopped outbound HL7 queue goes on with the next one."""
    _change(data, ids, lambda connection, by, number: actions.dismiss_delivery(connection, by, number, reason))


def _change(data: Data, ids: list[int], change: Callable[[Connection, Operator, int], bool]) -> None:
    done = 0
    with database(data) as connection:
        for number in ids:
            if change(connection, at_the_machine(), number):
                done += 1
            else:
                typer.echo(f"countersign: delivery {number}: unknown, or not in a state for that", err=True)
    typer.echo(f"{done} of {len(ids)} changed")
    if done < len(ids):
        raise typer.Exit(1)
