"""A null FHIR sink, for measuring ours: it says 201 to each entry of a transaction, finds nothing, keeps a count only.

    python -m tests.benchmarks.null_fhir PORT [TRANSACTIONS_A_SECOND]

It is no FHIR server: nothing can be read back, and a DiagnosticReport that is asked for is made up. With a pace, each
transaction takes its turn and 1/pace seconds, as on a server that can do no more. It remembers a hash of the
identifiers of Tasks (one a report) and Observations, so that one written twice is counted as such. `GET /count` gives
{"Task": distinct ones, "Observation": distinct ones, "twice": the others}.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any

Json = dict[str, Any]
TYPES = (
    "Patient", "ServiceRequest", "DiagnosticReport", "Device", "Observation", "Provenance", "Task", "AuditEvent",
    "Flag",
)  # fmt: skip
COUNTED = ("Task", "Observation")
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []}

READ: dict[str, Json] = {
    "Patient": {"identifier": [{"system": "urn:mrn", "value": "1"}]},
    "DiagnosticReport": {
        "meta": {"versionId": "1"},
        "identifier": [{"system": "urn:ris", "value": "1"}],
        "status": "final",
        "code": {"text": "XR Chest"},
        "subject": {"reference": "Patient/1"},
        "conclusion": "Small left pleural effusion.",
    },
}


class NullSink:
    """What there is to count."""

    def __init__(self, pace: float = 0) -> None:
        self._takes = 1 / pace if pace else 0.0
        self._free_at = 0.0
        self._ids = itertools.count(1)
        self._seen: dict[str, set[int]] = {kind: set() for kind in COUNTED}
        self._twice = 0

    async def serve(self, port: int) -> None:
        """Until the process ends."""
        server = await asyncio.start_server(self._peer, "127.0.0.1", port)
        await server.serve_forever()

    async def _peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                body = await reader.readexactly(_length(head))
                if body and self._takes:
                    await self._turn()
                content = json.dumps(self._answer(head.partition("\r\n")[0], body)).encode()
                fields = f"Content-Type: application/fhir+json\r\nContent-Length: {len(content)}"
                writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + content)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _turn(self) -> None:
        """Turns follow each other without a gap while anybody waits."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + self._takes
        await asyncio.sleep(self._free_at - now)

    def _answer(self, line: str, body: bytes) -> Json:
        path = line.split(" ")[1]
        if path.startswith("/count"):
            return {kind: len(seen) for kind, seen in self._seen.items()} | {"twice": self._twice}
        if path.startswith("/fhir/metadata"):
            return _statement()
        kind, _, name = path.removeprefix("/fhir/").partition("/")
        if kind in READ and name:
            return READ[kind] | {"resourceType": kind, "id": name}
        return self._transaction(json.loads(body)) if body else EMPTY

    def _transaction(self, bundle: Json) -> Json:
        if bundle["type"] == "batch":
            nothing = {"resource": EMPTY, "response": {"status": "200"}}
            return {"resourceType": "Bundle", "type": "batch-response", "entry": [nothing] * len(bundle["entry"])}
        entries = [self._written(entry["resource"]) for entry in bundle["entry"]]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}

    def _written(self, resource: Json) -> Json:
        kind = resource["resourceType"]
        if kind in COUNTED:
            identifier = hash(resource["identifier"][0]["value"])
            self._twice += identifier in self._seen[kind]
            self._seen[kind].add(identifier)
        return {"response": {"status": "201", "location": f"{kind}/{next(self._ids)}/_history/1", "etag": 'W/"1"'}}


def _length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


def _statement() -> Json:
    codes = [{"code": code} for code in ("read", "create", "update", "search-type")]
    ability = {"interaction": codes, "conditionalCreate": True, "updateCreate": True}
    params = [{"name": name, "type": "token"} for name in ("identifier", "_tag")]
    resources = [{"type": name, **ability, "searchParam": params} for name in TYPES]
    rest = {"mode": "server", "interaction": [{"code": "transaction"}, {"code": "batch"}], "resource": resources}
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest]}


if __name__ == "__main__":
    asyncio.run(NullSink(float(sys.argv[2]) if len(sys.argv) > 2 else 0).serve(int(sys.argv[1])))
