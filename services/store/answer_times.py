"""How long senders waited for their answers, counted by minute: what listeners measure and the feeds' page shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.settings import Database
from services.store.prepared import Prepared

# What is older than anybody looks at goes with the next that is written. In one order, for listeners side by side.
_ADD = """
    PREPARE add_answer_times (json) AS
    WITH old AS (DELETE FROM answer_time WHERE minute < now() - interval '2 hours')
    INSERT INTO answer_time AS kept (minute, site_id, sender, counts)
    SELECT date_trunc('minute', now()), site_id, sender, counts
    FROM json_to_recordset($1) AS waited (site_id text, sender text, counts integer[]) ORDER BY site_id, sender
    ON CONFLICT (minute, site_id, sender) DO UPDATE SET counts = ARRAY(
        SELECT coalesce(one, 0) + coalesce(other, 0)
        FROM unnest(kept.counts, excluded.counts) WITH ORDINALITY AS both_of (one, other, at) ORDER BY at
    )
"""


class Waited(NamedTuple):
    """Answers to a sender: how many within each of `services.domain.feeds.ANSWER_BOUNDS`, and above the last."""

    site_id: str
    sender: str
    counts: Sequence[int]


async def add(database: Database, waited: Iterable[Waited]) -> None:
    """Adds to what the running minute has, over a connection of its own. Raises psycopg.Error, OSError."""
    connection = await Prepared.open(database, _ADD)
    try:
        await connection.ask(b"add_answer_times", [json.dumps([each._asdict() for each in waited]).encode()])
    finally:
        await connection.close()
