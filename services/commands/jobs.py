"""`countersign jobs`: the queue as an operator sees it: what waits and why, dead letters, retry, cancel."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from services.actions import operating as actions
from services.actions.operating import Operator
from services.commands.common import AsJson, Data, at_the_machine, database, one_of, settings
from services.domain.messages import JobStanding
from services.domain.words import JobState
from services.settings import Queue
from services.store import jobs as store
from services.workflow.waiting import why

app = typer.Typer(no_args_is_help=True, help="The queue: what waits and why, dead letters, retry, cancel.")
PRIORITIES = {0: "STAT", 1: "urgent", 2: "routine", 3: "shadow"}
Ids = Annotated[list[int], typer.Argument(help="Job numbers.")]


@app.command("list")
def list_jobs(
    data: Data = None,
    state: Annotated[str, typer.Option(callback=one_of(JobState), help=", ".join(JobState))] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first, each with the reason why it is where it is."""
    with database(data) as connection:
        queue = settings(data).queue
        slots = store.slots_alive(connection, queue)
        rows = [_row(row, slots, queue) for row in store.search(connection, state=state, limit=limit)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        Console().print(_table(rows))


@app.command("why")
def why_waiting(job: Annotated[int, typer.Argument(help="Job number.")], data: Data = None) -> None:
    """Say why one job is where it is."""
    with database(data) as connection:
        found = store.search(connection, ids=[job])
        queue = settings(data).queue
        slots = store.slots_alive(connection, queue)
    if not found:
        typer.echo(f"countersign: there is no job {job}; `countersign jobs list` shows them", err=True)
        raise typer.Exit(1)
    row = _row(found[0], slots, queue)
    typer.echo(f"job {job} ({row['kind']}, {row['priority']}) is {row['state']}: {row['why'] or 'nothing to say'}")


@app.command()
def dead(data: Data = None, as_json: AsJson = False) -> None:
    """List the dead letters."""
    list_jobs(data, state="dead", limit=1000, as_json=as_json)


@app.command()
def retry(jobs: Ids, data: Data = None) -> None:
    """Send dead, waiting or cancelled jobs on their way again, counters at zero."""
    _change(data, jobs, actions.retry_job)


@app.command()
def cancel(
    jobs: Ids,
    data: Data = None,
    reason: Annotated[str, typer.Option(help="Kept with the job; no patient's data.")] = "given up by an operator",
) -> None:
    """Give jobs up that are not being worked on. Their messages stay, quarantined, and can be retried."""
    _change(data, jobs, lambda connection, by, job: actions.cancel_job(connection, by, job, reason))


def _change(data: Data, jobs: list[int], change: Callable[[Connection, Operator, int], bool]) -> None:
    with database(data) as connection:
        refused = [job for job in jobs if not change(connection, at_the_machine(), job)]
    for job in refused:
        typer.echo(f"countersign: job {job}: not in a state for that; `countersign jobs why {job}`", err=True)
    typer.echo(f"{len(jobs) - len(refused)} of {len(jobs)} changed")
    raise typer.Exit(1 if refused else 0)


def _row(row: JobStanding, slots: int, queue: Queue) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "priority": PRIORITIES.get(row.priority, str(row.priority)),
        "sender": row.sender,
        "engine": row.engine,
        "age": round(row.age),
        "lost": row.lost,
        "failed": row.failed,
        "message": row.message_id,
        "version": row.version_id,
        "why": why(row, slots, queue.max_lost),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table()
    for heading in ("Job", "Kind", "State", "Priority", "Age, s", "Lost", "Failed", "Why"):
        table.add_column(heading)
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("id", "kind", "state", "priority", "age", "lost", "failed", "why")))
    return table
