"""`countersign audit`: the trail as an auditor sees it: searched, and its chain recomputed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.actions.looks import trail_printed
from services.commands.common import Data, at_the_machine, database, settings
from services.commands.progress import doing
from services.domain.audit_rows import AuditRow
from services.store import audit as store
from services.store.audit import Wanted

app = typer.Typer(no_args_is_help=True, help="The audit trail: search it, verify its chain.")
DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
COLUMNS = ("id", "at", "name", "action", "entity", "report_id", "detail", "sequence", "hash")


@app.command()
def verify(data: Data = None) -> None:
    """Recompute the whole chain; exit 1 and say where if a row was changed, removed or put in."""
    doing("recomputing the audit chain")
    with database(data) as connection:
        found = store.verify(connection)
    if found.broken:
        typer.echo(f"BAD  audit row {found.broken.audit_id} {found.broken.reason}; {found.sealed} rows before it hold")
        raise typer.Exit(1)
    typer.echo(f"ok   {found.sealed} rows in an unbroken chain, {found.unsealed} not sealed yet")


@app.command("list")
def search(
    data: Data = None,
    actor: Annotated[str, typer.Option(help="Part of a name.")] = "",
    action: Annotated[str, typer.Option(help="Beginning of an action: review.sign, draft, login …")] = "",
    report: Annotated[int | None, typer.Option(help="Number of a report.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="From here on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="Before this, UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")] = False,
) -> None:
    """Search the trail, newest first. The search itself is audited."""
    site, days = settings(data).site, (_utc(since), _utc(until))
    with database(data) as connection:
        rows = trail_printed(
            connection, site, at_the_machine(), limit, Wanted(actor, action, report, *days)
        )  # fmt: skip
    if as_json:
        for row in rows:
            typer.echo(json.dumps({name: _plain(getattr(row, name)) for name in COLUMNS}))
    else:
        Console().print(_table(rows))


def _utc(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _table(rows: Sequence[AuditRow]) -> Table:
    table = Table("Id", "When (UTC)", "Who", "Action", "What", "Report", "Detail")
    for row in rows:
        detail = json.dumps(row.detail) if row.detail else ""
        at = row.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(row.id), at, row.name, row.action, row.entity, str(row.report_id or ""), detail)
    return table
