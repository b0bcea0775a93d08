"""Listeners side by side, in one run on one machine: messages a second, p50 and p99, CPU a message.

    python tests/benchmarks/mllp.py [--seconds 5] [--out docs/benchmarks]

Stop-and-wait connections (1, 8, 64) send a 1.8 KB ORU, every one with a control id of its own. `countersign` commits
each message to PostgreSQL before the answer. `asyncio+insert` is the floor under that: a fixed answer after one INSERT
a group into a bare table of the same PostgreSQL, nothing read, nothing checked. `asyncio` (the limit of the machine: a
fixed answer), `python-hl7` and `hl7apy` keep nothing. CPU is that of the server's processes, PostgreSQL's included
where it is used. Then 1 and 5 MB messages.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import create_engine, text

from services.embedded import postgres
from services.settings import Database
from services.store.engine import connect
from services.store.migrate import migrate
from tests.benchmarks.chart import bars
from tests.benchmarks.mllp_servers import serve
from tests.ports import free_port

WIDTHS = (1, 8, 64)
PATIENCE = 5.0
"""Seconds for one answer: a server may leave a connection of a crowd without one."""
SERVERS = ("asyncio", "asyncio+insert", "countersign", "python-hl7", "hl7apy")
DURABLE = ("asyncio+insert", "countersign")
TICKS = os.sysconf("SC_CLK_TCK")
LINE = "OBX|{n}|TX|59776-5^Findings^LN||The lungs are clear. No pleural effusion or pneumothorax is seen.||||||F\r"
HEAD = (
    "MSH|^~\\&|BENCH|HOSP|CS|CS|20260102030405||ORU^R01^ORU_R01|@@@@@@@@@@@@|P|2.5\r"
    "PID|1||42^^^HOSP^MR||DOE^JANE||19800304|F\rOBR|1||F-1|71046^XR CHEST 2 VIEWS^C4|||20260102"
    "|||||||||||||||20260102||DX|F\r"
)
ORU = (HEAD + "".join(LINE.format(n=n) for n in range(1, 17))).encode()


@dataclass(frozen=True)
class Result:
    """One server at one width. `cpu` is milliseconds of server CPU a message."""

    server: str
    width: int
    rate: float
    p50: float
    p99: float
    cpu: float


# The sending side.


class Sender:
    """One connection that waits for each answer; opened anew where the server closes it after one message."""

    def __init__(self, port: int, next_body: Callable[[], bytes]) -> None:
        self._port = port
        self._next = next_body
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.times: list[float] = []

    async def run(self, until: float) -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            if await self.once(self._next()):
                self.times.append(time.perf_counter() - began)
        if self._streams:
            self._streams[1].close()

    async def once(self, body: bytes) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
                reader, writer = self._streams
                writer.write(b"\x0b" + body + b"\x1c\r")
                await reader.readuntil(b"\x1c\r")
        except (asyncio.IncompleteReadError, OSError):
            self._streams = None
            return False
        if reader.at_eof():
            writer.close()
            self._streams = None
        return True


def numbered() -> Callable[[], bytes]:
    """Bodies with ascending control ids; one run of them never repeats those of another."""
    stem, count = time.time_ns() % 10**5, iter(range(10**9))
    before, after = ORU.split(b"@@@@@@@@@@@@")
    return lambda: before + b"%05d%07d" % (stem, next(count)) + after


async def load(port: int, width: int, seconds: float) -> tuple[list[float], float]:
    """Round trips in seconds, and how long it took."""
    next_body = numbered()
    senders = [Sender(port, next_body) for _ in range(width)]
    began = time.perf_counter()
    await asyncio.gather(*(sender.run(began + seconds) for sender in senders))
    return [each for sender in senders for each in sender.times], time.perf_counter() - began


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of the processes and of those they have waited for."""
    total = 0
    for pid in {pid for root in roots for pid in tree(root)}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def measure(server: str, port: int, pids: list[int], width: int, seconds: float) -> Result:
    asyncio.run(load(port, width, 1.0))
    before = cpu_seconds(pids)
    times, took = asyncio.run(load(port, width, seconds))
    used = cpu_seconds(pids) - before
    times.sort()
    count = max(len(times), 1)
    return Result(
        server=server,
        width=width,
        rate=len(times) / took,
        p50=1000 * times[len(times) // 2] if times else 0.0,
        p99=1000 * times[int(len(times) * 0.99)] if times else 0.0,
        cpu=1000 * used / count,
    )


def large(port: int, pids: list[int], megabytes: int) -> tuple[float, float]:
    """(seconds to the answer, seconds of server CPU) of one message with an embedded document of that size."""
    line = b"OBX|1|ED|PDF||HOSP^AP^PDF^Base64^" + b"QUJD" * (megabytes * 262144) + b"||||||F\r"
    sender = Sender(port, lambda: HEAD.replace("@" * 12, f"L{time.time_ns() % 10**11}").encode() + line)
    before, began = cpu_seconds(pids), time.perf_counter()
    asyncio.run(sender.once(sender._next()))
    return time.perf_counter() - began, cpu_seconds(pids) - before


# Setting the stage.


@contextmanager
def database(folder: Path) -> Iterator[tuple[Database, int]]:
    """A migrated PostgreSQL as the embedded default runs it (fsync on), and its process."""
    placement = postgres.prepare(folder / "data", "bench")
    port = free_port()
    process = subprocess.Popen(
        postgres.command(placement, port),
        user=placement.user,
        env=postgres.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    admin = Database(port=port, password=SecretStr("bench"), name="postgres")
    try:
        _create(admin)
        ours = admin.model_copy(update={"name": "bench"})
        engine = connect(ours)
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()
        yield ours, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _create(admin: Database) -> None:
    engine = create_engine(admin.url(), isolation_level="AUTOCOMMIT")
    for _ in range(100):
        try:
            with engine.connect() as connection:
                connection.execute(text("CREATE DATABASE bench"))
                return
        except Exception:
            time.sleep(0.2)
    raise RuntimeError("PostgreSQL did not start")


@contextmanager
def server(name: str, given: Database) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: (port, pid)."""
    port = free_port()
    secret = given.model_dump() | {"password": given.password.get_secret_value()}
    environment = os.environ | {"BENCH_DATABASE": Database.model_validate(secret).model_dump_json()}
    environment["BENCH_DATABASE"] = re.sub(r'"\*+"', f'"{secret["password"]}"', environment["BENCH_DATABASE"])
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.mllp", "--serve", name, str(port)], env=environment
    )
    try:
        asyncio.run(_answers(port))
        yield port, process.pid
    finally:
        process.kill()
        process.wait(20)


async def _answers(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


def table(results: list[Result]) -> str:
    rows = "".join(
        f"| {each.server} | {each.width} | {each.rate:.0f} | {each.p50:.1f} | {each.p99:.1f} | {each.cpu:.2f} |\n"
        for each in results
    )
    return f"| server | connections | msg/s | p50 ms | p99 ms | CPU ms/msg |\n|---|---|---|---|---|---|\n{rows}"


def run(seconds: float, out: Path | None, names: tuple[str, ...]) -> None:
    results: list[Result] = []
    sizes: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)
        given, postmaster = stack.enter_context(database(folder))
        running = {name: stack.enter_context(server(name, given)) for name in names}
        for width in WIDTHS:
            for name, (port, pid) in running.items():
                pids = [pid, postmaster] if name in DURABLE else [pid]
                results.append(measure(name, port, pids, width, seconds))
                print(f"{name} at {width}: {results[-1].rate:.0f}/s", file=sys.stderr)
        port, pid = running.get("countersign", (0, 0))
        for megabytes in (1, 5) if port else ():
            took, used = large(port, [pid], megabytes)
            sizes.append(f"{megabytes} MB message: answered in {took * 1000:.0f} ms, {used * 1000:.0f} ms listener CPU")
    page = table(results) + "\n" + "\n".join(f"- {each}" for each in sizes) + "\n"
    print(page)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        about = (__doc__ or "").split("\n\n")[2]
        (out / "mllp.md").write_text(
            f"# MLLP listeners side by side\n\n{about}\n\n![messages a second](mllp.svg)\n\n{page}"
        )
        rates = {(each.server, each.width): each.rate for each in results}
        (out / "mllp.svg").write_text(bars("messages a second", SERVERS, WIDTHS, rates))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="measured time for each server and width")
    parser.add_argument("--only", choices=SERVERS, action="append", help="measure these servers alone")
    parser.add_argument("--out", type=Path, help="folder for mllp.md and mllp.svg")
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve[0], int(given.serve[1]))
    else:
        run(given.seconds, given.out, tuple(given.only or SERVERS))


if __name__ == "__main__":
    main()
