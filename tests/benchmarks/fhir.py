"""What FHIR costs us, and whether it keeps a server busy: python -m tests.benchmarks.fhir [--out docs/benchmarks]

Four parts, each beside something else in the same run:

- the client's own CPU a request, beside bare httpx2 and fhirpy (left out where it is not installed);
- the writer's CPU an Observation: built, checked, looked up and written in a transaction of ten;
- the whole sender process with its PostgreSQL (fsync on), against a server that can do 50 transactions a second;
- notifications a second through the real subscriber process, answered and taken in.

The server is tests/benchmarks/null_fhir.py, a process of its own: no FHIR server, and it costs next to nothing. CPU is
user and system time of the process measured, from its own rusage or from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx2
from sqlalchemy import Engine, func, insert, select

from integration.fhir.capability import capabilities
from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import read, search, transaction
from integration.fhir.subscription import SECRET_HEADER
from integration.fhir.wanted import resolve
from integration.fhir.write import write
from services.settings import Database
from services.store.engine import connect
from services.store.tables import delivery, message, report_version
from tests import seeding
from tests.benchmarks.mllp import cpu_seconds, database
from tests.integration.fhir.wanted_set import Case, MemoryLedger
from tests.ports import free_port

FINDINGS, REPORTS, CALLS = 10, 60, 200
PACE, DELIVERIES = 50, 400
NOTIFICATIONS, CONNECTIONS = 1000, 8
SECRET = "bench"
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description="What FHIR costs us.")
    parser.add_argument("--out", type=Path, help="folder for fhir.md")
    out = parser.parse_args().out
    with sink() as url:
        figures = requests(url) | writing(url)
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as (given, _):
        figures |= sending(given, PACE) | sending(given, 0) | notified(given)
    text = page(figures)
    print(text)
    if out:
        (out / "fhir.md").write_text(text, encoding="utf-8")


def requests(url: str) -> Figures:
    """CPU of one request in milliseconds: read, search, a transaction of ten Observations."""
    ours, bare, bundle = Client(Endpoint(url)), httpx2.Client(), ready_bundle()
    found = {
        "read ours": cpu_ms(lambda: ours.run(read("DiagnosticReport/1"))),
        "search ours": cpu_ms(lambda: ours.run(search("Observation", [("identifier", "urn:x|1")]))),
        "transaction ours": cpu_ms(lambda: ours.run(transaction(bundle["entry"]))),
        "read httpx2": cpu_ms(lambda: bare.get(f"{url}/DiagnosticReport/1").json()),
        "search httpx2": cpu_ms(lambda: bare.get(f"{url}/Observation", params={"identifier": "urn:x|1"}).json()),
        "transaction httpx2": cpu_ms(lambda: bare.post(url, json=bundle).json()),
    }
    return found | (fhirpy(url, bundle) if importlib.util.find_spec("fhirpy") else {})


def fhirpy(url: str, bundle: dict[str, Any]) -> Figures:
    """The same requests by fhirpy's synchronous client."""
    theirs = importlib.import_module("fhirpy").SyncFHIRClient(url)
    return {
        "read fhirpy": cpu_ms(lambda: theirs.reference("DiagnosticReport", "1").to_resource()),
        "search fhirpy": cpu_ms(lambda: theirs.resources("Observation").search(identifier="urn:x|1").fetch()),
        "transaction fhirpy": cpu_ms(lambda: theirs.execute("", method="post", data=bundle)),
    }


def ready_bundle() -> dict[str, Any]:
    """Ten Observations, as somebody with another client would have to build them beforehand."""
    wanted = [item for item in Case(findings=FINDINGS).wanted() if item.type == "Observation"]
    entries = [
        {
            "fullUrl": item.urn,
            "resource": resolve(item.resource, {}),
            "request": {"method": "POST", "url": item.type, "ifNoneExist": f"identifier={item.token}"},
        }
        for item in wanted
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def writing(url: str) -> Figures:
    """From verdicts to a settled ledger, in memory."""
    client = Client(Endpoint(url))
    found = client.run(capabilities())

    def one() -> object:
        return client.run(write(found, Case(findings=FINDINGS).wanted(), MemoryLedger()))

    return {"observation": cpu_ms(one, REPORTS) / FINDINGS}


def cpu_ms(call: Callable[[], object], calls: int = CALLS) -> float:
    """CPU of one call, after some to warm up."""
    for _ in range(calls // 10):
        call()
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(calls):
        call()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / calls


def sending(given: Database, pace: float) -> Figures:
    """The sender process empties an outbox: transactions a second from its first tenth on, and its CPU for each."""
    engine = connect(given)
    put_deliveries(engine)
    with sink(pace) as url, process("sender", given, url) as pid:
        wait(lambda: counted(url) >= DELIVERIES // 10)
        first, began, before = counted(url), time.perf_counter(), cpu_seconds([pid])
        wait(lambda: left(engine) == 0)
        done, wall = counted(url) - first, time.perf_counter() - began
        cpu = 1000 * (cpu_seconds([pid]) - before) / done
    engine.dispose()
    return {f"sender {pace}": done / wall, f"sender cpu {pace}": cpu}


def put_deliveries(engine: Engine) -> None:
    """Reports of three suggestions, each waiting in the outbox."""
    with engine.begin() as connection:
        numbers = [seeding.put(connection) for _ in range(DELIVERIES)]
        query = select(report_version.c.report_id, report_version.c.id).where(report_version.c.report_id.in_(numbers))
        rows = [
            {"kind": "proposed", "report_id": number, "version_id": version, "destination": "default"}
            for number, version in connection.execute(query).all()
        ]
        connection.execute(insert(delivery), rows)


def left(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(delivery.c.state == "pending")) or 0


def counted(url: str) -> int:
    """Reports the sink has been told of: one Task each."""
    with urlopen(url.removesuffix("/fhir") + "/count", timeout=10) as answer:
        return int(json.load(answer)["Task"])


def notified(given: Database) -> Figures:
    """Rest-hook notifications over HTTP into the subscriber process: answered, and stored in the inbox."""
    engine, port = connect(given), free_port()
    with sink() as url, process("subscriber", given, url, notify=port):
        began = time.perf_counter()
        asyncio.run(storm(port))
        answered = time.perf_counter() - began
        wait(lambda: stored(engine) >= NOTIFICATIONS)
        taken_in = time.perf_counter() - began
    engine.dispose()
    return {"answered": NOTIFICATIONS / answered, "taken in": NOTIFICATIONS / taken_in}


async def storm(port: int) -> None:
    numbers = iter(range(NOTIFICATIONS))
    url = f"http://127.0.0.1:{port}/fhir-notify/DiagnosticReport"

    async def server() -> None:
        async with httpx2.AsyncClient(headers={SECRET_HEADER: SECRET}) as client:
            for number in numbers:
                body = {"resourceType": "DiagnosticReport", "id": f"n{number}", "meta": {"versionId": "1"}}
                (await client.put(f"{url}/n{number}", json=body)).raise_for_status()

    await asyncio.gather(*(server() for _ in range(CONNECTIONS)))


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(message.c.door == "fhir")) or 0


@contextmanager
def sink(pace: float = 0) -> Iterator[str]:
    """The null sink as a process; its FHIR base URL."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.null_fhir", str(port), str(pace)])
    try:
        wait(lambda: answers(f"http://127.0.0.1:{port}/count"))
        yield f"http://127.0.0.1:{port}/fhir"
    finally:
        child.terminate()
        child.wait(20)


@contextmanager
def process(name: str, given: Database, url: str, notify: int = 0) -> Iterator[int]:
    """One of ours as its command starts it; its process id."""
    health = free_port()
    settings = {
        "DATABASE__PORT": given.port,
        "DATABASE__NAME": given.name,
        "DATABASE__PASSWORD": given.password.get_secret_value(),
        "FHIR__URL": url,
        "FHIR__SUBSCRIPTION": "none",
        "FHIR__NOTIFY_PORT": notify or free_port(),
        "FHIR__NOTIFY_SECRET": SECRET,
        "HEALTH__PORT": health,
        "TELEMETRY__LEVEL": "warning",
    }
    environment = {**os.environ, **{f"COUNTERSIGN_{key}": str(value) for key, value in settings.items()}}
    child = subprocess.Popen([sys.executable, "-m", "services.cli", name], env=environment)
    try:
        wait(lambda: answers(f"http://127.0.0.1:{health}/ready"))
        yield child.pid
    finally:
        child.terminate()
        child.wait(60)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come about")
        time.sleep(0.02)


def page(figures: Figures) -> str:
    """docs/benchmarks/fhir.md."""

    def shown(name: str) -> str:
        return f"{figures[name]:.2f}" if name in figures else "not installed"

    compared = [
        f"| {name} | {shown(f'{name} ours')} | {shown(f'{name} httpx2')} | {shown(f'{name} fhirpy')} |"
        for name in ("read", "search", "transaction")
    ]
    pace = f"a server that can do {PACE} a second"
    alone = [
        f"| CPU an Observation, built, checked, looked up and written in a transaction of ten (goal: 1 ms) | "
        f"{shown('observation')} ms |",
        f"| transactions a second by the sender process against {pace} | {shown(f'sender {PACE}')} |",
        f"| its CPU a transaction | {shown(f'sender cpu {PACE}')} ms |",
        f"| transactions a second against a server without a limit | {shown('sender 0')} |",
        f"| its CPU a transaction | {shown('sender cpu 0')} ms |",
        f"| notifications a second answered by the subscriber, {CONNECTIONS} connections | {shown('answered')} |",
        f"| reports a second re-read and stored in the inbox meanwhile and after | {shown('taken in')} |",
    ]
    return f"""# FHIR: what it costs

`python -m tests.benchmarks.fhir --out docs/benchmarks`, {os.cpu_count()} cores, Python {sys.version.split()[0]}. The
server is a null sink of our own (`tests/benchmarks/null_fhir.py`) in a process of its own: what is measured is us, and
the sink, the sender and PostgreSQL (fsync on) share the machine.

CPU of one request in milliseconds. The transaction holds ten Observations that were built beforehand: fhirpy builds
none, and has no ladder, no If-Match on its own and no lost-answer handling; httpx2 is the library under our client.

| | our client | bare httpx2 | fhirpy |
|---|---|---|---|
{chr(10).join(compared)}

The writer, the sender (reports of three findings, as new to the server as their patients) and the subscriber:

| | |
|---|---|
{chr(10).join(alone)}
"""


if __name__ == "__main__":
    main()
