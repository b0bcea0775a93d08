"""The judge: an append-only ledger of what was sent, acknowledged, stored and written, and the query that decides."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

SCHEMA = """
CREATE TABLE entry (at REAL, row TEXT, kind TEXT, accession TEXT);
CREATE TABLE stored (accession TEXT, jobs INTEGER, dead INTEGER, identifier TEXT);
CREATE TABLE written (identifier TEXT, at REAL);
"""
# One report, one finding, one Observation. What was given up, and is said to be, is not lost: a row says how many.
DECIDES = """
WITH acknowledged AS (SELECT accession, max(at) AS at FROM entry WHERE row = :row AND kind = 'acknowledged' GROUP BY 1),
judged AS (
    SELECT acknowledged.accession, acknowledged.at,
        coalesce((SELECT max(jobs) FROM stored WHERE stored.accession = acknowledged.accession), 0) AS jobs,
        coalesce((SELECT max(dead) FROM stored WHERE stored.accession = acknowledged.accession), 0) AS dead,
        (SELECT count(*) FROM stored JOIN written USING (identifier)
            WHERE stored.accession = acknowledged.accession) AS observations,
        (SELECT max(written.at) FROM stored JOIN written USING (identifier)
            WHERE stored.accession = acknowledged.accession) AS written_at
    FROM acknowledged
)
SELECT (SELECT count(DISTINCT accession) FROM entry WHERE row = :row AND kind = 'sent'),
    count(*), coalesce(sum(jobs), 0), coalesce(sum(dead), 0), coalesce(sum(observations), 0),
    coalesce(sum(observations = 0 AND dead = 0), 0), coalesce(sum(max(observations - 1, 0)), 0),
    coalesce(max(max(written_at - at, 0)), 0)
FROM judged
"""


@dataclass(frozen=True)
class Verdict:
    """What the deciding query says of one row of the matrix, in reports and seconds.

    `slowest`: from the answer to the write, waiting for a slot included. `recovery`: the longest that work lay with a
    process or a broker that was gone, from its last sign of life until it was free again.
    """

    sent: int
    acknowledged: int
    jobs: int
    dead: int
    observations: int
    lost: int
    duplicate: int
    slowest: float
    recovery: float


class Ledger:
    """One file; entries are only ever added."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(SCHEMA)

    def note(self, row: str, kind: str, accession: str) -> None:
        with self._lock:
            self._db.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (time.time(), row, kind, accession))

    def acknowledged(self, row: str) -> set[str]:
        with self._lock:
            found = self._db.execute("SELECT accession FROM entry WHERE row = ? AND kind = 'acknowledged'", (row,))
            return {accession for (accession,) in found}

    def judge(
        self,
        row: str,
        stored: Iterable[tuple[str, int, int, str]],
        written: Iterable[tuple[str, float]],
        recovery: float,
    ) -> Verdict:
        """`stored`: (accession, jobs, dead jobs, identifier); `written`: (identifier, when), one a resource."""
        with self._lock:
            self._db.execute("DELETE FROM stored")
            self._db.execute("DELETE FROM written")
            self._db.executemany("INSERT INTO stored VALUES (?, ?, ?, ?)", stored)
            self._db.executemany("INSERT INTO written VALUES (?, ?)", written)
            return Verdict(*self._db.execute(DECIDES, {"row": row}).fetchone(), recovery)  # type: ignore[call-arg]


def table(verdicts: dict[str, Verdict]) -> str:
    """Markdown."""
    heads = ("Row", "Sent", "Acknowledged", "Jobs", "Dead", "Observations", "Lost", "Duplicate")
    heads += ("Slowest report, s", "Worst recovery, s")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row, verdict in verdicts.items():
        *counts, slowest, recovery = astuple(verdict)
        lines.append("| " + " | ".join([row, *map(str, counts), f"{slowest:.1f}", f"{recovery:.1f}"]) + " |")
    return "\n".join(lines)
