"""`countersign messages`, `message`, `quarantine`, `replay`: what came in, what became of it, and once more."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import NoResultFound

from integration.canonical import Door
from integration.hl7v2.layout import lay_out
from services.commands.common import Data, database
from services.store import audit, inbox

# More rows than anybody reads.
MOST_ROWS = 500
COLUMNS = ("Id", "Received", "Sender", "Control id", "Type", "Bytes", "Answer", "State", "Reason")
NARROW = ("Id", "Received", "Sender", "Control id", "State", "Reason")
WIDE = 130


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
    accession: Annotated[
        str, typer.Option(help="accession or filler order number of a report; anywhere in what is quarantined")
    ] = "",
    patient: Annotated[str, typer.Option(help="patient identifier of a report; anywhere in what is quarantined")] = "",
    since: Annotated[datetime | None, typer.Option(help="received at or after, UTC")] = None,
    until: Annotated[datetime | None, typer.Option(help="received before, UTC")] = None,
    limit: Annotated[
        int | None, typer.Option(help=f"At most so many, the newest; without it {MOST_ROWS} as a table, all as JSON.")
    ] = None,
) -> None:
    """List what came in, in order of arrival, with the reason where something was not read."""
    with database(data) as connection:
        rows = inbox.search(
            connection,
            control_id=control_id,
            state=state,
            door=door,
            accession=accession,
            patient=patient,
            since=_utc(since),
            until=_utc(until),
            limit=limit or (MOST_ROWS if form is Form.TABLE else None),
        )
        parts = inbox.parts_of(connection, [row["id"] for row in rows])
    if form is Form.JSON:
        listed = [{**_row(row), "parts": [_row(part) for part in parts.get(row["id"], [])]} for row in rows]
        typer.echo(json.dumps(listed, indent=1))
        return
    _print([each for row in rows for each in (row, *parts.get(row["id"], []))])
    if limit is None and len(rows) == MOST_ROWS:
        typer.echo(f"These are the newest {MOST_ROWS}; narrow the search, or say --limit.", err=True)


def quarantine(
    data: Data = None, form: Annotated[Form, typer.Option("--format", help="table or json")] = Form.TABLE
) -> None:
    """List what could not be understood, with the reason; `replay` reads it again."""
    with database(data) as connection:
        rows = inbox.quarantined(connection)
    if form is Form.JSON:
        typer.echo(json.dumps([_row(row) for row in rows], indent=1))
    else:
        _print(rows)


def message(
    number: Annotated[int, typer.Argument(help="id, as `messages --format json` gives it", metavar="ID")],
    data: Data = None,
    raw: Annotated[bool, typer.Option("--raw", help="the bytes as received, nothing else")] = False,
) -> None:
    """Show one message, its segments laid out, with what became of it. This prints patients' data."""
    with database(data) as connection:
        try:
            row = inbox.get(connection, number)
        except NoResultFound:
            raise _none(number) from None
        _audit(connection, row, "message.show")
    if raw:
        sys.stdout.buffer.write(bytes(row["body"] or b""))
        return
    for name, value in _row(row).items():
        typer.echo(f"{name}: {'' if value is None else value}")
    typer.echo("")
    for place, text in _laid_out(row):
        typer.echo(f"{place:<8} {text}")


def replay(
    numbers: Annotated[list[int], typer.Argument(help="ids, as `messages --format json` gives them", metavar="ID…")],
    data: Data = None,
) -> None:
    """Read messages again, as if they had just come in: after a sender's map was mended, say."""
    done = 0
    with database(data) as connection:
        for number in numbers:
            if inbox.requeue(connection, number):
                _audit(connection, inbox.get(connection, number), "message.replay")
                done += 1
            else:
                typer.echo(f"countersign: message {number} cannot be replayed: unknown, refused or a repeat", err=True)
    typer.echo(f"{done} of {len(numbers)} queued again")
    if done < len(numbers):
        raise typer.Exit(1)


def _laid_out(row: RowMapping) -> Iterator[tuple[str, str]]:
    body = bytes(row["body"] or b"")
    if not body:
        return iter((("", "its bytes were purged" if row["bytes"] else "no bytes"),))
    if row["door"] == Door.HL7.value:
        return lay_out(body)
    return (("", line) for line in json.dumps(json.loads(body), indent=1, ensure_ascii=False).splitlines())


def _audit(connection: Connection, row: RowMapping, action: str) -> None:
    who = f"operating system user {os.getuid()}"
    audit.append(connection, site=row["site_id"], actor=who, action=action, entity=f"message/{row['id']}")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _none(number: int) -> typer.Exit:
    typer.echo(f"countersign: there is no message {number}; `countersign messages` lists them", err=True)
    return typer.Exit(1)


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
        "peer": row["peer"],
        "parent": row["parent_id"],
        "part": row["part"],
    }


def _print(rows: Sequence[RowMapping]) -> None:
    """A table; on a narrow terminal without the columns one can do without, in a pipe as wide as it likes."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=200)
    console.print(_table(rows, wide=console.width >= WIDE))


def _table(rows: Sequence[RowMapping], *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in COLUMNS if wide else NARROW:
        table.add_column(heading, overflow="fold", min_width=20 if heading == "Reason" else None)
    for row in map(_row, rows):
        cells = {
            "Id": f"└ {row['id']}" if row["part"] else str(row["id"]),
            "Received": row["received_at"][:19].replace("T", " "),
            "Sender": row["sender"],
            "Control id": row["control_id"] or "",
            "Type": row["type"],
            "Bytes": str(row["bytes"]),
            "Answer": row["ack"] or "",
            "State": row["state"],
            "Reason": _remark(row),
        }
        table.add_row(*(cells[str(column.header)] for column in table.columns))
    return table


def _remark(row: dict[str, Any]) -> str:
    reused = "control id used before for other content" if row["control_id_reused"] else ""
    return "; ".join(filter(None, (row["reason"], reused)))
