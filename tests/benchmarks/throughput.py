"""Reports a second from MLLP to FHIR without a model's time: python -m tests.benchmarks.throughput

    python -m tests.benchmarks.throughput [--reports 3000] [--workers 1] [--out docs/benchmarks]

Every process as its command starts it, PostgreSQL and Valkey from the wheels (fsync on), the rules engine, and a null
FHIR sink of our own (tests/benchmarks/null_fhir.py) that keeps up. Eight MLLP connections send reports of their own
patient and accession number, each after the last one's answer, and pause while more than `--window` are under way.
The clock runs from the first frame to the last report's Task. CPU and memory are of each process with its children,
pages that several share counted once (PSS). Growth is the slope of a line through the samples after a tenth of the
reports: what does not leak has none. 100,000 reports take half an hour at 50 a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from urllib.request import urlopen

from services.embedded import valkey
from services.settings import Database
from tests.benchmarks.chart import lines
from tests.benchmarks.mllp import cpu_seconds, database, tree
from tests.databases import environment
from tests.messages import oru
from tests.ports import free_port

CONNECTIONS = 8
SECRET = "bench"
SAMPLE_SECONDS = 2.0
TEXT = (
    "Comparison: none.",
    "The heart is enlarged.",
    "There is a small right pleural effusion. No pneumothorax.",
    "Impression: Small right pleural effusion. Cardiomegaly.",
)


@dataclass
class House:
    """The running system: process ids by name, and where it listens."""

    pids: dict[str, int]
    mllp: int
    sink: int

    def written(self) -> dict[str, int]:
        """What the null sink has counted."""
        with urlopen(f"http://127.0.0.1:{self.sink}/count", timeout=30) as answer:
            return dict(json.load(answer))


@dataclass
class Run:
    """One measurement. `samples`: (seconds, reports written so far, MB by process)."""

    reports: int
    seconds: float = 0.0
    written: int = 0
    observations: int = 0
    twice: int = 0
    cpu: dict[str, float] = field(default_factory=dict)
    samples: list[tuple[float, int, dict[str, float]]] = field(default_factory=list)


# Setting the stage.


@contextmanager
def house(workers: int) -> Iterator[House]:
    """The whole system, each process on its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)
        given, postmaster = stack.enter_context(database(folder))
        broker, mllp, sink = free_port(), free_port(), free_port()
        environment = {**os.environ, **_settings(given, broker, mllp, sink)}
        others = {
            "valkey": valkey.command(folder / "valkey", broker, SECRET),
            "null sink": [sys.executable, "-m", "tests.benchmarks.null_fhir", str(sink)],
        }
        pids = {name: stack.enter_context(_child(argv, environment)) for name, argv in others.items()}
        ours = ["listener", "relay", *(f"worker {number}" for number in range(1, workers + 1)), "sender"]
        health = {name: free_port() for name in ours}
        for name, port in health.items():
            argv = [sys.executable, "-m", "services.cli", name.split()[0]]
            pids[name] = stack.enter_context(_child(argv, {**environment, "COUNTERSIGN_HEALTH__PORT": str(port)}))
        for port in health.values():
            _wait_until_ready(port)
        yield House({"postgres": postmaster, **pids}, mllp, sink)


def _settings(given: Database, broker: int, mllp: int, sink: int) -> dict[str, str]:
    return {
        **environment(given),
        "COUNTERSIGN_BROKER__PORT": str(broker),
        "COUNTERSIGN_BROKER__PASSWORD": SECRET,
        "COUNTERSIGN_MLLP__PORT": str(mllp),
        "COUNTERSIGN_FHIR__URL": f"http://127.0.0.1:{sink}/fhir",
        "COUNTERSIGN_TELEMETRY__LEVEL": "warning",
        "MALLOC_ARENA_MAX": "2",
    }


@contextmanager
def _child(argv: list[str], environment: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(45)
        process.kill()


def _wait_until_ready(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError("a process did not become ready")


# Sending and counting.


class Feed:
    """Sends numbered reports over several connections, no more than `window` ahead of the sink."""

    def __init__(self, at: House, reports: int, window: int) -> None:
        self._house = at
        self._numbers = iter(range(reports))
        self._stem = f"T{time.time_ns() % 10**6:06d}"
        self._window = window
        self._sent = 0
        self._room = asyncio.Condition()
        self.run = Run(reports)

    async def through(self) -> Run:
        """Returns when every report has its Task."""
        before = self._cpu()
        began = time.perf_counter()
        watch = asyncio.create_task(self._watch(began))
        await asyncio.gather(*(self._connection() for _ in range(CONNECTIONS)))
        await watch
        self.run.seconds = time.perf_counter() - began
        self.run.cpu = {name: used - before[name] for name, used in self._cpu().items()}
        return self.run

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._house.mllp)
        for number in self._numbers:
            async with self._room:
                await self._room.wait_for(lambda: self._sent - self.run.written < self._window)
            self._sent += 1
            writer.write(b"\x0b" + oru(f"{self._stem}{number:06d}", *TEXT) + b"\x1c\r")
            answer = await reader.readuntil(b"\x1c\r")
            assert b"MSA|AA|" in answer, answer
        writer.close()

    async def _watch(self, began: float) -> None:
        """Counts until all is written; one Task a report."""
        sampled = -SAMPLE_SECONDS
        while self.run.written < self.run.reports:
            await asyncio.sleep(0.25)
            counted = await asyncio.to_thread(self._house.written)
            async with self._room:
                self.run.written, self.run.observations = counted["Task"], counted["Observation"]
                self._room.notify_all()
            self.run.twice = counted["twice"]
            now = time.perf_counter() - began
            if now - sampled >= SAMPLE_SECONDS or self.run.written >= self.run.reports:
                sampled = now
                self.run.samples.append((now, self.run.written, self._memory()))
                print(f"{now:6.0f} s {self.run.written} of {self.run.reports}", file=sys.stderr)

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_seconds([pid]) for name, pid in self._house.pids.items()}

    def _memory(self) -> dict[str, float]:
        return {name: memory_of(pid) for name, pid in self._house.pids.items()}


def memory_of(root: int) -> float:
    """MB of RAM of a process and its children, a page that several share counted once (PSS)."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) if found else 0
    return total * 1024 / 1e6


# Saying what was found.


HEADS = ("process", "CPU ms/report", "MB at a tenth", "MB at the end", "growth, kB per 1,000 reports")


def report(run: Run) -> str:
    """Markdown."""
    rate = run.reports / run.seconds
    total = sum(run.cpu.values())
    rows = "".join(
        f"| {name} | {1000 * used / run.reports:.2f} | {_memory(run, name)} |\n" for name, used in run.cpu.items()
    )
    return (
        f"{run.reports} reports, {run.observations} Observations, {run.twice} written twice, in {run.seconds:.0f} s: "
        f"**{rate:.1f} reports/s**; {1000 * total / run.reports:.1f} ms of CPU a report in all, "
        f"{100 * total / run.seconds / (os.cpu_count() or 1):.0f} % of {os.cpu_count()} cores.\n\n"
        f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|\n{rows}"
    )


def _memory(run: Run, name: str) -> str:
    """Three cells: a tenth of the reports in, at the end, and the growth between."""
    later = [(count, memory[name]) for _, count, memory in run.samples if count >= run.reports / 10]
    grown = growth(later)
    return f"{later[0][1]:.0f} | {later[-1][1]:.0f} | {'too few' if grown is None else format(grown, '+.0f')}"


def growth(samples: Sequence[tuple[int, float]]) -> float | None:
    """kB per 1,000 reports: the slope of a line through (reports, MB); None for fewer than three."""
    if len(samples) < 3:
        return None
    counts, sizes = zip(*samples, strict=True)
    return 1e6 * linear_regression(counts, sizes).slope


def keep(out: Path, run: Run, page: str, command: str) -> None:
    """throughput.md and throughput.svg."""
    out.mkdir(parents=True, exist_ok=True)
    about = (__doc__ or "").split("\n\n")[2]
    head = f"# From MLLP to FHIR without a model's time\n\n{about}\n\n`{command}`\n\n"
    (out / "throughput.md").write_text(f"{head}![memory over reports](throughput.svg)\n\n{page}")
    names = [name for name in run.samples[-1][2] if name not in ("valkey", "null sink")]
    shown = run.samples[:: max(1, len(run.samples) // 200)]
    series = {name: [(count, memory[name]) for _, count, memory in shown] for name in names}
    (out / "throughput.svg").write_text(lines("memory (PSS, MB) over reports written", series))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--window", type=int, default=1000, help="reports under way at once")
    parser.add_argument("--out", type=Path, help="folder for throughput.md and throughput.svg")
    given = parser.parse_args()
    with house(given.workers) as running:
        run = asyncio.run(Feed(running, given.reports, given.window).through())
    page = report(run)
    print(page)
    if given.out:
        command = f"python -m tests.benchmarks.throughput --reports {given.reports} --workers {given.workers}"
        keep(given.out, run, page, command)


if __name__ == "__main__":
    main()
