"""What the analyst's pages cost at a million messages: the whole request, in the worklist's own process.

    nice -n 19 python -m tests.benchmarks.message_desk --messages 1000000 [--data FOLDER] [--only WORD] [--out FILE]

With `--data` what was filled is kept, and used at the next run. Pages are asked for one after the other over HTTP, and
between them a request that asks PostgreSQL for a session and nothing else, so that what the machine does beside this is
seen. `wall` is from the request being taken up to the last byte given to the socket, `processor` what the process and
PostgreSQL's used meanwhile.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from sqlalchemy import Engine, text

from services.settings import Database
from services.store.engine import connect
from tests.benchmarks.kept_postgres import database
from tests.benchmarks.message_seed import analyst, seed
from tests.benchmarks.worklist import put
from tests.worklist_process import Worklist

BARE = "a session, nothing else"
NOTHING = "trace of nothing"
AIM = 100


def pages(count: int, groups: list[str]) -> Iterator[tuple[str, str]]:
    """What an analyst asks for: its name and its address."""
    half = "since=2000-01-01"
    now = time.time()

    def day(back: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(now - 86400 * back))

    month = f"since={day(200)}&until={day(170)}"
    today = f"since={day(1)}"
    done = count // 600 * 600 - 600 + 54
    yield from (
        ("list", "/messages"),
        ("list with own echoes", "/messages?echoes=true"),
        ("list, far down", f"/messages?before={count // 2}"),
        ("list, the last day", f"/messages?{today}"),
        ("list, a month half a year ago", f"/messages?{month}"),
        ("state quarantined", "/messages?state=quarantined"),
        ("state rejected", "/messages?state=rejected"),
        ("state ignored, echoes hidden", "/messages?state=ignored"),
        ("state ignored with echoes", "/messages?state=ignored&echoes=true"),
        ("state queued", "/messages?state=queued"),
        ("door hl7", "/messages?door=hl7"),
        ("door fhir, none for half a year", "/messages?door=fhir"),
        ("sender", "/messages?sender=RIS3^HOSP"),
        ("sender, begun only", "/messages?sender=ris"),
        ("sender, our own, echoes hidden", "/messages?sender=COUNTERSIGN"),
        ("sender, our own, with echoes", "/messages?sender=COUNTERSIGN&echoes=true"),
        ("sender, silent for half a year", "/messages?sender=OLDRIS^HOSP"),
        ("sender that never was", "/messages?sender=NOBODY"),
        ("sender and quarantined", "/messages?sender=RIS2^HOSP&state=quarantined"),
        ("sender and rejected", "/messages?sender=RIS3^HOSP&state=rejected"),
        ("sender in a month", f"/messages?sender=RIS3^HOSP&{month}"),
        ("sender and door fhir", "/messages?sender=RIS1^HOSP&door=fhir"),
        ("control id", f"/messages?q=MSG{count * 7 // 9}"),
        ("a piece of a control id", f"/messages?q=G{count * 7 // 90}"),
        ("the beginning of many old control ids", "/messages?q=msg2"),
        ("control id of an echo", f"/messages?q=MSG{count // 200 * 100 + 20}&echoes=true"),
        ("name", "/messages?q=muström"),
        ("name without accents", "/messages?q=karenstroma"),
        ("a piece of a name", "/messages?q=viki"),
        ("identifier", f"/messages?q=pid{count // 8}"),
        ("accession", f"/messages?q=acc{count * 2 // 3 // 100 * 100 + 54}"),
        ("sender and name", "/messages?q=ris2+finova"),
        ("exam that all have", "/messages?q=chest+two"),
        ("a word of few reports", "/messages?q=word4321"),
        ("a word of all reports", "/messages?q=lungs"),
        ("nothing has it", "/messages?q=zzqqxx"),
        ("two letters", "/messages?q=ka"),
        ("two letters that few have", "/messages?q=q9"),
        ("one letter", "/messages?q=x"),
        ("two short words", "/messages?q=ka+mu"),
        ("reason", "/messages?q=obr-25+status"),
        ("reason of the refused", f"/messages?q=msg{count // 2500}+rejec+msh-9"),
        ("reason and state", "/messages?q=msh-9&state=rejected"),
        ("our own, by a word all have, echoes hidden", "/messages?q=countersign"),
        ("our own, by a word all have, with echoes", "/messages?q=countersign&echoes=true"),
        ("our own, by words all have, with echoes", "/messages?q=own+come+back&echoes=true"),
        ("own echoes of a month", f"/messages?q=countersign&echoes=true&{month}"),
        ("name in a month", f"/messages?q=viki&{month}"),
        ("name, the last day", f"/messages?q=viki&{today}"),
        ("word that all have, in a month", f"/messages?q=chest&{month}"),
        ("word that all have, quarantined", "/messages?q=chest&state=quarantined"),
        ("word that all have, by FHIR", "/messages?q=chest&door=fhir"),
        ("name, far down", f"/messages?q=viki&before={count // 2}"),
        ("since ever", f"/messages?{half}"),
        ("a message", f"/messages/{count // 100 * 100 + 55 - 100}"),
        ("two beside each other", f"/messages/{count // 2}/beside/{count // 3}"),
        ("trace by control id", f"/trace?id=MSG{done}"),
        ("trace by accession", f"/trace?id=ACC{done}"),
        ("trace by patient", f"/trace?id=PID{done // 3}"),
        ("trace by FHIR resource", "/trace?id=DiagnosticReport/r555"),
        (NOTHING, "/trace?id=NOTHING"),
        ("quarantine", "/quarantine"),
        *((f"a group of {number + 1}", f"/quarantine/{key}") for number, key in enumerate(groups[:1])),
        ("feeds", "/feeds"),
        ("jobs", "/jobs"),
        ("jobs, by state", "/jobs?state=waiting"),
        ("audit trail", "/audit"),
    )


@contextmanager
def desk(made: Database, folder: Path) -> Iterator[tuple[Worklist, Path]]:
    """The worklist's process with a clock on it, and where its times will be."""
    clocked = folder / "times.jsonl"
    worklist = Worklist(made, command=("tests.benchmarks.timed_worklist", str(clocked)))
    worklist.start()
    try:
        yield worklist, clocked
    finally:
        worklist.stop()


def measure(made: Database, engine: Engine, count: int, times: int, only: str, folder: Path) -> dict[str, Taken]:
    """Every page `times` times in turn, the first of which is not counted; by name."""
    cookie = analyst(engine)
    processor: dict[str, list[float]] = {}
    with desk(made, folder) as (worklist, clocked):
        http = httpx2.Client(base_url=worklist.url, cookies={"countersign": cookie}, timeout=120)
        groups = re.findall(r'href="/quarantine/(\w+)"', http.get("/quarantine").text)
        asked = [(name, path) for name, path in pages(count, groups) if only in name]
        began = time.monotonic()
        for turn in range(times + 1):
            began = time.monotonic() if turn == 1 else began
            for name, path in (*asked, (BARE, "/session")):
                used = _ask(http, worklist, engine, name, path)
                processor.setdefault(name, []).append(used)
    wall: dict[str, list[float]] = {}
    for row in map(json.loads, clocked.read_text().splitlines()):
        if row["sent"] >= began:
            wall.setdefault(row["kind"], []).append(row["handled"])
    return {name: (sorted(wall[name]), sorted(used[1:])) for name, used in processor.items()}


Taken = tuple[list[float], list[float]]


def _ask(http: httpx2.Client, worklist: Worklist, engine: Engine, name: str, path: str) -> float:
    """Processor time in milliseconds of the worklist's process and of PostgreSQL's."""
    assert worklist.process is not None
    with engine.connect() as connection:
        asked = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        found = [worklist.process.pid, *connection.scalars(asked)]
    before = sum(map(_spent, found))
    clock = {"X-Benchmark-Kind": name, "X-Benchmark-Sent": repr(time.monotonic())}
    answer = http.get(path, headers={key: value.encode() for key, value in clock.items()})
    # What nobody has is not there; any other page that is not there would be timed for nothing.
    assert answer.status_code == (404 if name == NOTHING else 200), f"{path}: {answer.status_code} {answer.text[:300]}"
    return (sum(map(_spent, found)) - before) / 1e6


def _spent(process: int) -> int:
    """Nanoseconds its threads have had a processor for; 0 where it has ended."""
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return 0


def at(ordered: list[float], share: float) -> float:
    """A percentile."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def table(taken: dict[str, Taken]) -> str:
    """A row a page, and what all pages came to."""
    rows = [f"| {name} | {_figures(*each)} |" for name, each in taken.items()]
    wall = sorted(value for name, each in taken.items() if name != BARE for value in each[0])
    used = sorted(value for name, each in taken.items() if name != BARE for value in each[1])
    above = [name for name, each in taken.items() if at(each[1], 0.95) > AIM]
    return "\n".join(
        (
            "| Asked | wall: median | p95 | processor: median | p95 |",
            "|---|---:|---:|---:|---:|",
            *rows,
            f"| all pages | {_figures(wall, used)} |",
            "",
            f"Above {AIM} ms of processor time at the 95th percentile: {', '.join(above) or 'none'}.",
        )
    )


def _figures(wall: list[float], used: list[float]) -> str:
    return " | ".join(f"{at(each, share):.0f}" for each in (wall, used) for share in (0.5, 0.95))


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", default="", help="pages whose name has this")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with database(given.data or Path(folder), "messages") as made:
            engine = connect(made)
            began = time.perf_counter()
            seed(engine, given.messages)
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
            said = table(measure(made, engine, given.messages, given.times, given.only, Path(folder)))
            engine.dispose()
    print(said)
    if given.out:
        put(said, given.out)


if __name__ == "__main__":
    main()
