"""What FHIR costs us: python -m tests.benchmarks.fhir. Prints one JSON object; figures are of the machine it ran on.

`client_cpu_ms`: CPU of our own process for one Observation, built, checked and written in a transaction of ten,
with the server's time not counted. `observations_per_s` is what this server and our client reach together with
four threads; `notifications_per_s` what the endpoint answers in one event loop, without the network.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2

from integration.fhir.capability import capabilities
from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import read
from integration.fhir.notification import read_notification
from integration.fhir.write import write
from tests.integration.fhir.servers import Sekmet
from tests.integration.fhir.wanted_set import Case, MemoryLedger

REPORTS = 30
FINDINGS = 10
READS = 300
NOTIFICATIONS = 5000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Sekmet(Path(folder)).start()
        try:
            figures = {**writing(server), **reading(server), **notified()}
        finally:
            server.stop()
    json.dump(figures, sys.stdout, indent=1)
    print()


def writing(server: Sekmet) -> dict[str, float]:
    client = Client(Endpoint(server.base_url))
    found = client.run(capabilities())

    def one(_: int) -> None:
        client.run(write(found, Case(findings=FINDINGS).wanted(), MemoryLedger()))

    one(0)
    cpu, wall = spent(lambda: [one(n) for n in range(REPORTS)])
    with ThreadPoolExecutor(4) as pool:
        _, together = spent(lambda: list(pool.map(one, range(REPORTS))))
    observations = REPORTS * FINDINGS
    return {
        "client_cpu_ms": 1000 * cpu / observations,
        "client_cpu_ms_per_report": 1000 * cpu / REPORTS,
        "observations_per_s_one_thread": observations / wall,
        "observations_per_s": observations / together,
        "transactions_per_s": REPORTS / together,
    }


def reading(server: Sekmet) -> dict[str, float]:
    """Our client beside bare httpx2, the library under it."""
    client = Client(Endpoint(server.base_url))
    bare = httpx2.Client(base_url=server.base_url)
    reference = client.run(write(client.run(capabilities()), Case().wanted(), MemoryLedger())).written
    name = next(each.reference for each in reference.values())
    ours, _ = spent(lambda: [client.run(read(name)) for _ in range(READS)])
    theirs, _ = spent(lambda: [bare.get(f"/{name}").json() for _ in range(READS)])
    return {"read_cpu_ms": 1000 * ours / READS, "bare_httpx2_read_cpu_ms": 1000 * theirs / READS}


def notified() -> dict[str, float]:
    resource_: dict[str, Any] = {"resourceType": "DiagnosticReport", "id": "1", "meta": {"versionId": "1"}}

    async def storm() -> None:
        for number in range(NOTIFICATIONS):
            body = {**resource_, "id": str(number)}
            read_notification("PUT", f"/DiagnosticReport/{number}", json.loads(json.dumps(body)))

    _, wall = spent(lambda: asyncio.run(storm()))
    return {"notifications_read_per_s": NOTIFICATIONS / wall}


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """(CPU seconds of this process, wall seconds)."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - began


if __name__ == "__main__":
    main()
