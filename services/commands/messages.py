"""`countersign messages`, `message`, `quarantine`, `replay`: what came in, what became of it, and once more."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from integration.canonical import Door
from integration.hl7v2.layout import Field, lay_out
from integration.reasons import kind_of_reason
from services.actions import operating as actions
from services.actions.looks import message_opened
from services.commands.common import AsJson, Data, at_the_machine, database
from services.commands.progress import watched
from services.domain.message_search import Search
from services.domain.messages import Message
from services.store import inbox, message_search, traces
from services.workflow.refusal import Refused

# More rows than anybody reads.
MOST_ROWS = 500
MOST_NAMED = 20
COLUMNS = ("Id", "Received", "Sender", "Control id", "Type", "Bytes", "Answer", "State", "Reason")
NARROW = ("Id", "Received", "Sender", "Control id", "State", "Reason")
WIDE = 130


def messages(
    data: Data = None,
    as_json: AsJson = False,
    control_id: Annotated[str, typer.Option(help="MSH-10, or Type/id/_history/version")] = "",
    state: Annotated[str, typer.Option(help="received, queued, ignored, quarantined, rejected, done")] = "",
    door: Annotated[str, typer.Option(help="hl7 or fhir")] = "",
    accession: Annotated[
        str, typer.Option(help="accession or filler order number of a report; anywhere in what is quarantined")
    ] = "",
    patient: Annotated[str, typer.Option(help="patient identifier of a report; anywhere in what is quarantined")] = "",
    find: Annotated[str, typer.Option(help="words that all stand in what a message names or says, in any case")] = "",
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
            ids=_found(connection, find, limit or MOST_ROWS) if find else None,
            parts=bool(find),
            control_id=control_id,
            state=state,
            door=door,
            accession=accession,
            patient=patient,
            since=_utc(since),
            until=_utc(until),
            limit=limit or (None if as_json else MOST_ROWS),
        )
        parts = inbox.parts_of(connection, [row.id for row in rows])
    if as_json:
        listed = [{**_row(row), "parts": [_row(part) for part in parts.get(row.id, [])]} for row in rows]
        typer.echo(json.dumps(listed, indent=1))
        return
    _print([each for row in rows for each in (row, *parts.get(row.id, []))])
    if limit is None and len(rows) == MOST_ROWS:
        typer.echo(f"These are the newest {MOST_ROWS}; narrow the search, or say --limit.", err=True)


def _found(connection: Connection, words: str, most: int) -> list[int]:
    """Messages of every site that hold the words; the newest."""
    wanted = Search(query=words, texts=True, echoes=True)
    found = [message_search.find(connection, site, wanted, most) for site in traces.sites(connection)]
    return sorted(each.message.id for of_site in found for each in of_site)[-most:]


def quarantine(
    data: Data = None,
    as_json: AsJson = False,
    by_reason: Annotated[bool, typer.Option("--by-reason", help="Like reasons counted together, with sender.")] = False,
) -> None:
    """List what could not be understood, with the reason; `replay` reads it again."""
    with database(data) as connection:
        rows = inbox.quarantined(connection)
    if by_reason:
        _print_reasons(rows, as_json=as_json)
    elif as_json:
        typer.echo(json.dumps([_row(row) for row in rows], indent=1))
    else:
        _print(rows)


def _print_reasons(rows: Sequence[Message], *, as_json: bool) -> None:
    """Sender and kind of reason, the most frequent first, with the messages' ids."""
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        found.setdefault((_row(row)["sender"], kind_of_reason(row.reason)), []).append(row.id)
    groups = sorted(found.items(), key=lambda item: -len(item[1]))
    if as_json:
        said = [{"sender": who, "reason": why, "count": len(ids), "ids": ids} for (who, why), ids in groups]
        typer.echo(json.dumps(said, indent=1))
        return
    for (who, why), ids in groups:
        typer.echo(f"{len(ids):>6}  {who}  {why}")
        typer.echo(f"        {' '.join(map(str, ids[:MOST_NAMED]))}{' …' if len(ids) > MOST_NAMED else ''}")


def message(
    number: Annotated[int, typer.Argument(help="id, as `messages --json` gives it", metavar="ID")],
    data: Data = None,
    raw: Annotated[bool, typer.Option("--raw", help="the bytes as received, nothing else")] = False,
) -> None:
    """Show one message, its segments laid out, with what became of it. This prints patients' data."""
    with database(data) as connection:
        try:
            row = message_opened(connection, at_the_machine(), number)
        except Refused:
            raise _none(number) from None
    if raw:
        sys.stdout.buffer.write(bytes(row.body or b""))
        return
    for name, value in _row(row).items():
        said = "; ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name}: {'' if said is None else said}")
    typer.echo("")
    for place, text in _laid_out(row):
        typer.echo(f"{place:<8} {text}")


def replay(
    numbers: Annotated[list[int], typer.Argument(help="ids, as `messages --json` gives them", metavar="ID…")],
    data: Data = None,
) -> None:
    """Read messages again, as if they had just come in: after a sender's map was mended, say."""
    done = 0
    with database(data) as connection:
        for number in watched(numbers, "replayed"):
            if actions.replay_message(connection, at_the_machine(), number):
                done += 1
            else:
                typer.echo(f"countersign: message {number} cannot be replayed: unknown, refused or a repeat", err=True)
    typer.echo(f"{done} of {len(numbers)} queued again")
    if done < len(numbers):
        raise typer.Exit(1)


def _laid_out(row: Message) -> Iterator[tuple[str, str]]:
    body = bytes(row.body or b"")
    if not body:
        return iter((("", "its bytes were purged" if row.bytes else "no bytes"),))
    if row.door == Door.HL7.value:
        return ((field.place, _told(field)) for field in lay_out(body))
    return (("", line) for line in json.dumps(json.loads(body), indent=1, ensure_ascii=False).splitlines())


def _told(field: Field) -> str:
    """The value as sent; after it what the field is called, and what a document says."""
    known = f"   ({field.name}, {field.datatype})" if field.name else ""
    more = "".join(f"\n         | {line}" for line in field.reads.splitlines())
    return f"{field.value}{known}{f' [{field.document}]' if field.document else ''}{more}"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _none(number: int) -> typer.Exit:
    typer.echo(f"countersign: there is no message {number}; `countersign messages` lists them", err=True)
    return typer.Exit(1)


def _row(row: Message) -> dict[str, Any]:
    sender = "^".join(part for part in (row.application, row.facility) if part)
    return {
        "id": row.id,
        "control_id": row.control_id,
        "sender": sender or row.peer,
        "received_at": row.received_at.isoformat(),
        "state": row.state,
        "reason": row.reason,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "door": row.door,
        "type": row.message_type,
        "ack": row.ack_code,
        "duplicate_of": row.duplicate_of,
        "control_id_reused": row.control_id_reused,
        "peer": row.peer,
        "parent": row.parent_id,
        "part": row.part,
        "notes": row.notes,
    }


def _print(rows: Sequence[Message]) -> None:
    """A table; on a narrow terminal without the columns one can do without, in a pipe as wide as it likes."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=200)
    console.print(_table(rows, wide=console.width >= WIDE))


def _table(rows: Sequence[Message], *, wide: bool) -> Table:
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
