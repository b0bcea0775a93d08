"""`countersign messages`: every frame and resource that came in, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import RowMapping

from services.commands.common import Data, database
from services.store import inbox


class Form(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


def messages(
    data: Data = None,
    form: Annotated[Form, typer.Option("--format", help="table or json")] = Form.TABLE,
    control_id: Annotated[str, typer.Option(help="MSH-10, or Type/id/_history/version")] = "",
    state: Annotated[str, typer.Option(help="received, queued, ignored, quarantined, rejected, done")] = "",
    door: Annotated[str, typer.Option(help="hl7 or fhir")] = "",
    limit: Annotated[int | None, typer.Option(help="At most so many, the newest; without it, all.")] = None,
) -> None:
    """List what came in, in order of arrival, with the reason where something was not read."""
    with database(data) as connection:
        rows = inbox.search(connection, control_id=control_id, state=state, door=door, limit=limit)
        batches = [row["id"] for row in rows]
        parts = inbox.parts_of(connection, batches)
    if form is Form.JSON:
        listed = [{**_row(row), "parts": [_row(part) for part in parts.get(row["id"], [])]} for row in rows]
        typer.echo(json.dumps(listed, indent=1))
    else:
        Console().print(_table(rows))


def _row(row: RowMapping) -> dict[str, Any]:
    sender = "^".join(part for part in (row["application"], row["facility"]) if part)
    return {
        "id": row["id"],
        "control_id": row["control_id"],
        "sender": sender or row["peer"],
        "received_at": row["received_at"].isoformat(),
        "state": row["state"],
        "reason": row["reason"],
        "bytes": row["bytes"],
        "sha256": row["sha256"],
        "door": row["door"],
        "type": row["message_type"],
        "ack": row["ack_code"],
        "duplicate_of": row["duplicate_of"],
        "control_id_reused": row["control_id_reused"],
    }


def _table(rows: Sequence[RowMapping]) -> Table:
    table = Table()
    for heading in ("Received", "Sender", "Control id", "Type", "Bytes", "Answer", "State", "Reason"):
        table.add_column(heading)
    for row in map(_row, rows):
        cells = (row["received_at"][:19], row["sender"], row["control_id"] or "", row["type"], str(row["bytes"]))
        table.add_row(*cells, row["ack"] or "", row["state"], row["reason"])
    return table
