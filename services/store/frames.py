"""Frames into the inbox: a group of them, with their jobs, in one statement that commits itself.

The one path where microseconds count: one JSON document and two arrays of bytes instead of rows, so that a group of
any size is one prepared statement and one round trip with its commit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from struct import pack
from typing import Any, NamedTuple, Self

from psycopg.pq.abc import PGresult

from services.settings import Database
from services.store.prepared import Prepared

_FIELDS = {
    "place": "integer",
    "priority": "smallint",
    "site_id": "text",
    "peer": "text",
    "application": "text",
    "facility": "text",
    "control_id": "text",
    "message_type": "text",
    "bytes": "bigint",
    "sha256": "text",
    "truncated": "boolean",
    "state": "text",
    "reason": "text",
    "ack_code": "text",
    "control_id_reused": "boolean",
    "trace": "text",
}
_FRAMES = f"""
    SELECT frame.*, nextval('message_id_seq') AS id
    FROM ROWS FROM (
        json_to_recordset($1) AS ({", ".join(f"{name} {kind}" for name, kind in _FIELDS.items())}),
        unnest($2), unnest($3)
    ) AS frame ({", ".join(_FIELDS)}, body, ack)
"""  # noqa: S608
_COLUMNS = (
    "id, site_id, door, peer, application, facility, control_id, message_type, body, bytes, sha256, truncated, trace"
)
_VALUES = _COLUMNS.replace("door", "'hl7'")
# What the unique index of first messages is over. LIMIT keeps the planner from reading all messages beforehand.
_FIRST = "door = 'hl7' AND control_id IS NOT NULL AND duplicate_of IS NULL AND part IS NULL"
_SAME_ID = " AND ".join(
    f"message.{name} = frame.{name}" for name in ("site_id", "application", "facility", "control_id")
)
_QUEUE = """
        INSERT INTO job (site_id, kind, message_id, sender, priority)
        SELECT site_id, 'intake', id, application || '^' || facility, priority
        FROM stored JOIN frame USING (id) WHERE {} = 'queued' ORDER BY id
"""
ADD_FRAMES = f"""
    PREPARE add_frames (json, bytea[], bytea[]) AS
    WITH frame AS MATERIALIZED ({_FRAMES}), stored AS (
        INSERT INTO message ({_COLUMNS}, state, reason, ack, ack_code, control_id_reused) OVERRIDING SYSTEM VALUE
        SELECT {_VALUES}, state, reason, ack, ack_code, control_id_reused
            OR (SELECT true FROM message WHERE {_SAME_ID} AND {_FIRST} LIMIT 1) IS NOT NULL
        FROM frame
        ON CONFLICT (site_id, application, facility, control_id, sha256) WHERE {_FIRST} DO NOTHING
        RETURNING id
    ), queued AS (
        {_QUEUE.format("state")}
    )
    SELECT place, id FROM stored JOIN frame USING (id)
"""  # noqa: S608
ADD_REPEATS = f"""
    PREPARE add_repeats (json, bytea[], bytea[]) AS
    WITH frame AS MATERIALIZED ({_FRAMES}), stored AS (
        INSERT INTO message ({_COLUMNS}, state, reason, ack, ack_code, duplicate_of) OVERRIDING SYSTEM VALUE
        SELECT {_VALUES},
            CASE WHEN anew THEN state ELSE 'ignored' END,
            CASE WHEN anew THEN reason ELSE 'repeats message ' || first_id END,
            CASE WHEN anew THEN ack ELSE first_ack END,
            CASE WHEN anew THEN ack_code ELSE first_code END,
            first_id
        FROM frame CROSS JOIN LATERAL (
            SELECT id AS first_id, ack AS first_ack, ack_code AS first_code,
                message.state = 'rejected' AND frame.state <> 'rejected' AS anew
            FROM message WHERE {_SAME_ID} AND message.sha256 = frame.sha256 AND {_FIRST} LIMIT 1
        ) AS first
        RETURNING id, duplicate_of, ack, state
    ), queued AS (
        {_QUEUE.format("stored.state")}
    )
    SELECT place, id, CASE WHEN stored.state = 'ignored' THEN duplicate_of END, stored.ack
    FROM stored JOIN frame USING (id)
"""  # noqa: S608
SETTINGS = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"


class FrameRow(NamedTuple):
    """`facts` by the names of _FIELDS (`place` numbers the rows of a group), the bytes as received, the answer."""

    facts: dict[str, Any]
    body: bytes
    ack: bytes


class Taken(NamedTuple):
    """What became of a frame: its id, and of a repeat the first message of its identity with its stored answer."""

    id: int
    duplicate_of: int | None = None
    ack: bytes = b""


class HalfStored(Exception):
    """The new frames of a group are committed, its repeats are not."""


class FrameTable:
    """The inbox over a kept connection of the running event loop."""

    def __init__(self, database: Prepared) -> None:
        self._database = database

    @classmethod
    async def open(cls, database: Database) -> Self:
        """Connects; plans once, and not with the scans that suit a table that is still small. Raises psycopg.Error."""
        return cls(await Prepared.open(database, SETTINGS, ADD_FRAMES, ADD_REPEATS))

    @property
    def hung_up(self) -> bool:
        """Whether the server has ended the connection."""
        return self._database.hung_up

    async def close(self) -> None:
        """Ends the connection."""
        await self._database.close()

    async def add(self, rows: Sequence[FrameRow]) -> list[Taken]:
        """Commits frames, and an intake job for each that is queued; the outcomes in the same order.

        A frame whose identity is stored already, by whomever, or twice in the group, becomes a repeat of that
        message; where that was refused and this would not be, since a setting has changed, it is taken. A control id
        that an earlier message of other content bears is flagged. Raises psycopg.Error when nothing was committed
        (with an SQLSTATE) or nobody knows (without), and HalfStored.
        """
        found = await self._database.ask(b"add_frames", _parameters(rows))
        taken = {_integer(found, row, 0): Taken(_integer(found, row, 1)) for row in range(found.ntuples)}
        if repeats := [row for place, row in enumerate(rows) if place not in taken]:
            taken |= await self._add_repeats(repeats)
        return [taken[place] for place in range(len(rows))]

    async def _add_repeats(self, rows: Sequence[FrameRow]) -> dict[int, Taken]:
        try:
            found = await self._database.ask(b"add_repeats", _parameters(rows))
        except Exception:
            raise HalfStored from None
        if found.ntuples < len(rows):
            raise HalfStored
        return {
            _integer(found, row, 0): Taken(
                _integer(found, row, 1), _integer(found, row, 2) or None, found.get_value(row, 3) or b""
            )
            for row in range(found.ntuples)
        }


def _parameters(rows: Sequence[FrameRow]) -> list[bytes]:
    facts = json.dumps([row.facts for row in rows]).encode()
    return [facts, array([row.body for row in rows]), array([row.ack for row in rows])]


def array(values: list[bytes]) -> bytes:
    """bytea[] as PostgreSQL sends and receives it: dimensions, nulls, element type, length, lower bound, elements."""
    parts = [pack("!iiIii", 1, 0, 17, len(values), 1)]
    for value in values:
        parts += (pack("!i", len(value)), value)
    return b"".join(parts)


def _integer(found: PGresult, row: int, column: int) -> int:
    return int.from_bytes(found.get_value(row, column) or b"")
