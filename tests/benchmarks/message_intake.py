"""What the message desk's indexes cost intake, and what a purge costs intake beside it, at a million messages.

    nice -n 10 python -m tests.benchmarks.message_intake --data FOLDER [--messages 3000] [--rounds 3] [--out FILE]

FOLDER is one that `message_desk` has filled; its messages are purged, so give it a copy.
Reports go through the listener's transaction in groups of eight, and then through the worker's one by one: report,
version, words, job of the reading. `PostgreSQL` is processor time of all its processes, a message; the clock is of a
group's commit and of one message taken in.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, select, text

from integration.hl7v2.mllp import whole
from integration.hl7v2.senders import Senders
from services.processes.listener.inbox_writer import InboxWriter
from services.settings import Database, Mllp, Queue, Settings
from services.store import jobs
from services.store.engine import connect
from services.store.retention import PURGES, purge_some
from services.store.tables import job
from services.workflow.context import Site, systems
from services.workflow.intake import opened, take_in
from services.workflow.receive import Arrival
from tests.benchmarks.kept_postgres import database
from tests.benchmarks.message_desk import at
from tests.benchmarks.mllp import cpu_seconds
from tests.benchmarks.worklist import put
from tests.messages import oru

GROUP = 8
DAYS = 100
# What pages and searches of the message desk go by, and nothing else.
INDEXES = (
    "ix_message_refused", "ix_message_echo", "ix_message_shown", "ix_message_sender", "ix_message_held",
    "ix_message_held_long", "ix_message_received_at", "ix_message_search_words", "ix_message_search_text",
    "ix_report_version_words",
)  # fmt: skip
_NUMBERS = itertools.count(time.time_ns() // 10**9 * 10**6)


@dataclass
class Taken:
    """Milliseconds: of each group at the door, of each message taken in; of PostgreSQL's processor, a message."""

    door: list[float] = field(default_factory=list)
    taken_in: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)


def measure(given: Database, engine: Engine, count: int, into: Taken) -> None:
    """A round: all through the door, then all taken in."""
    before = _spent(engine)
    asyncio.run(_through_the_door(given, [_body(next(_NUMBERS)) for _ in range(count)], into.door))
    site = Site(Settings(), Senders(()), systems(Settings()))
    ready = select(job.c.id).where(job.c.kind == "intake", job.c.state == "ready").order_by(job.c.id)
    with engine.connect() as connection:
        numbers = list(connection.scalars(ready))
    for number in numbers:
        began = time.perf_counter()
        _take_in(engine, number, site)
        into.taken_in.append(1000 * (time.perf_counter() - began))
    into.postgres.append(1000 * (_spent(engine) - before) / count)


async def _through_the_door(given: Database, bodies: Sequence[bytes], times: list[float]) -> None:
    writer = InboxWriter(given, Mllp())
    for first in range(0, len(bodies), GROUP):
        began = time.perf_counter()
        await writer.store([Arrival(whole(body)) for body in bodies[first : first + GROUP]])
        times.append(1000 * (time.perf_counter() - began))
    await writer.close()


def _take_in(engine: Engine, number: int, site: Site) -> None:
    with engine.begin() as connection:
        claimed = jobs.claim(connection, number, "benchmark", Queue())
    assert claimed is not None
    with engine.begin() as connection:
        take_in(connection, claimed, opened(claimed, site), site)


def _body(number: int) -> bytes:
    """A report of its own patient and order; one in a hundred is held, one in a hundred our own come back."""
    lines = (f"Small effusion at the left, {number % 97} mm.", *["The heart is of normal size."] * 10)
    body = oru(f"I{number}", *lines, status="ZZ" if number % 100 == 98 else "F")
    return body.replace(b"|RIS|NORTHSIDE|", b"|COUNTERSIGN|COUNTERSIGN|") if number % 100 == 99 else body


@contextmanager
def purging(engine: Engine) -> Iterator[list[float]]:
    """Old messages emptied beside, batch after batch as the command does; milliseconds a batch."""
    over, times = threading.Event(), list[float]()

    def work() -> None:
        left = True
        while left and not over.is_set():
            began = time.perf_counter()
            with engine.begin() as connection:
                left = bool(purge_some(connection, PURGES[0], DAYS))
            times.append(1000 * (time.perf_counter() - began))

    beside = threading.Thread(target=work)
    beside.start()
    try:
        yield times
    finally:
        over.set()
        beside.join()


def _spent(engine: Engine) -> float:
    """Seconds of processor of the server's processes, those that have ended among them."""
    with engine.connect() as connection:
        folder = Path(str(connection.scalar(text("SHOW data_directory"))))
    root = int((folder / "postmaster.pid").read_text().split()[0])
    return cpu_seconds([root])


def table(rows: dict[str, Taken]) -> str:
    """A row a phase."""
    said = ("| Intake | a group of eight at the door, ms: median | p95 | taken in, ms: median | p95 | PostgreSQL |\n"
            "|---|---:|---:|---:|---:|---:|")  # fmt: skip
    for name, taken in rows.items():
        door, inside, used = sorted(taken.door), sorted(taken.taken_in), sorted(taken.postgres)
        figures = (at(door, 0.5), at(door, 0.95), at(inside, 0.5), at(inside, 0.95), at(used, 0.5))
        said += f"\n| {name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |"
    return said


def run(given: Database, engine: Engine, count: int, rounds: int) -> str:
    """Warm, as it is, without the indexes, and with them beside a purge."""
    rows = {name: Taken() for name in ("as it is", "without the desk's indexes", "beside a purge, with its own work")}
    plain, without, beside = rows.values()
    measure(given, engine, count, Taken())
    _repeat(given, engine, count, rounds, plain)
    with without_indexes(engine):
        _repeat(given, engine, count, rounds, without)
    with purging(engine) as batches:
        _repeat(given, engine, count, rounds, beside)
    return f"{table(rows)}\n\nBatches of the purge beside: {len(batches)}, {at(sorted(batches), 0.5):.0f} ms each."


def _repeat(given: Database, engine: Engine, count: int, rounds: int, into: Taken) -> None:
    for _ in range(rounds):
        measure(given, engine, count, into)


@contextmanager
def without_indexes(engine: Engine) -> Iterator[None]:
    """The desk's indexes dropped, and made again afterwards."""
    with engine.begin() as connection:
        asked = text("SELECT indexdef FROM pg_indexes WHERE indexname = ANY(:names)")
        made = list(connection.scalars(asked, {"names": list(INDEXES)}))
        connection.execute(text(f"DROP INDEX {', '.join(INDEXES)}"))
    yield
    with engine.begin() as connection:
        for statement in made:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with database(given.data, "messages") as made:
        engine = connect(made)
        said = run(made, engine, given.messages, given.rounds)
        engine.dispose()
    print(said)
    if given.out:
        put(said, given.out)


if __name__ == "__main__":
    main()
