"""What HAPI FHIR answers and sends, recorded for tests that run without Java.

    python tests/contract/hapi/live.py -- python -m tests.contract.hapi.record

Of an OperationOutcome only the codes are kept, of the CapabilityStatement only what we read and a few types; the
address is replaced by an example's, times by a fixed one.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import Call
from integration.fhir.subscription import rest_hook
from integration.fhir.systems import Json, Systems

FILE = Path(__file__).parent / "recordings" / "hapi-8.8.0.json"
BASE = "https://ehr.example.org/fhir"
KEPT_TYPES = ("DiagnosticReport", "Observation", "Patient", "Subscription", "Task")
KEPT = ("content-location", "content-type", "etag", "location")
SYSTEM = "urn:oid:2.999.1"
WHOLE = "return=representation"


class Recorder(Client):
    """A client that keeps each answer under the name last given."""

    def __init__(self, base_url: str) -> None:
        super().__init__(Endpoint(base_url))
        self.answers: dict[str, Json] = {}

    def record(self, name: str, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """One request; the body of the answer."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        answer = self._once(Call(method, path, (), sent, body))
        said = {key: answer.headers[key] for key in KEPT if key in answer.headers}
        self.answers[name] = {"status": answer.status, "headers": said, "body": plain(answer.body)}
        return answer.body or {}


def plain(body: Any) -> Any:
    """Without anybody's words."""
    if isinstance(body, dict) and body.get("resourceType") == "CapabilityStatement":
        return statement(body)
    if isinstance(body, dict):
        return {key: plain(each) for key, each in body.items() if key not in ("diagnostics", "text", "details")}
    return [plain(each) for each in body] if isinstance(body, list) else body


def statement(whole: Json) -> Json:
    (rest,) = whole["rest"]
    kept = ("type", "interaction", "conditionalCreate", "updateCreate", "searchParam", "operation")
    types = [each for each in rest["resource"] if each["type"] in KEPT_TYPES]
    named = [{key: names(each[key]) for key in kept if key in each} for each in types]
    server = {"mode": rest["mode"], "interaction": rest["interaction"], "resource": named}
    return {key: whole[key] for key in ("resourceType", "fhirVersion", "software")} | {"rest": [server]}


def names(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{key: each[key] for key in ("name", "code") if key in each} for each in value]


def answers(client: Recorder) -> None:
    """In an order in which each finds what it needs."""
    mrn = {"system": SYSTEM, "value": str(uuid.uuid4())}
    who = {"resourceType": "Patient", "identifier": [mrn]}
    once = {"If_None_Exist": f"identifier={SYSTEM}|{mrn['value']}"}
    client.record("capabilities", "GET", "metadata")
    client.record("created", "POST", "Patient", who, **once)
    client.record("there already", "POST", "Patient", who, **once)
    found = client.record("search", "GET", f"Patient?identifier={SYSTEM}|{mrn['value']}")
    reference = f"Patient/{found['entry'][0]['resource']['id']}"
    filed = {"resourceType": "DiagnosticReport", "status": "final", "subject": {"reference": reference}}
    filed["code"] = {"text": "XR"}
    entry = {"resource": filed, "request": {"method": "POST", "url": "DiagnosticReport"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, entry]}
    client.record("transaction", "POST", "", bundle)
    page = client.record("first page", "GET", f"DiagnosticReport?subject={reference}&_count=1")
    report = page["entry"][0]["resource"]
    amended = {**filed, "id": report["id"], "status": "amended"}
    for name, status in (("unchanged", "final"), ("updated", "amended"), ("stale", "corrected")):
        path = f"DiagnosticReport/{report['id']}"
        client.record(name, "PUT", path, {**amended, "status": status}, If_Match='W/"1"')
    nobody = {**filed, "performer": [{"reference": "Practitioner/nobody"}]}
    client.record("dangling reference", "POST", "DiagnosticReport", nobody)
    client.record("deleted while pointed at", "DELETE", reference)
    client.record("deleted", "DELETE", f"DiagnosticReport/{report['id']}")
    client.record("gone", "GET", f"DiagnosticReport/{report['id']}")
    client.record("never there", "GET", "DiagnosticReport/nothing")
    client.record("history", "GET", f"DiagnosticReport/{report['id']}/_history")
    read_from = {"reference": f"{reference}/_history/1", "display": "version 1"}
    agent = {"who": {"display": "X"}}
    source = {"role": "source", "what": read_from}
    because = {"resourceType": "Provenance", "target": [{"reference": reference}], "recorded": "2026-03-04T10:15:00Z"}
    because |= {"agent": [agent], "entity": [source]}
    client.record("version in a reference", "POST", "Provenance", because, Prefer=WHOLE)


@contextmanager
def endpoint() -> Iterator[tuple[str, list[Json]]]:
    """An endpoint like ours, and what came to it."""
    heard: list[Json] = []

    class Handler(BaseHTTPRequestHandler):
        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {
                "content-type": self.headers.get("Content-Type", ""),
                "secret": self.headers["X-Countersign-Secret"],
            }
            said = plain(json.loads(body)) if body else None
            heard.append({"method": self.command, "path": self.path, "headers": kept, "body": said})
            self.send_response(200)
            self.end_headers()

        do_POST = do_PUT = do_DELETE = take

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def notifications(client: Recorder) -> list[Json]:
    """With a payload, as we ask for it, and without; for a report made, and for one deleted."""
    with endpoint() as (url, heard):
        for payload in (True, False):
            path = "/with" if payload else "/without"
            asked = rest_hook(url + path, "a secret", Systems("urn:test"), payload=payload)
            client.record("subscribed", "POST", "Subscription", asked, Prefer=WHOLE)
        time.sleep(5)
        made = client.record("filed", "POST", "DiagnosticReport", {
            "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "XR"},
        }, Prefer=WHOLE)  # fmt: skip
        wait(lambda: len(heard) >= 2)
        client.record("filed and deleted", "DELETE", f"DiagnosticReport/{made['id']}")
        time.sleep(10)
        return sorted(heard, key=lambda each: each["path"])


def wait(done: Any) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "HAPI sent no notification"
        time.sleep(0.2)


def main() -> None:
    """Writes the file anew."""
    address = os.environ["HAPI_URL"]
    client = Recorder(address)
    answers(client)
    heard = notifications(client)
    whole = json.dumps({"answers": client.answers, "notifications": heard}, indent=1, sort_keys=True)
    whole = re.sub(r"http://127\.0\.0\.1:\d+/fhir", BASE, whole)
    whole = re.sub(r"http://127\.0\.0\.1:\d+", "https://countersign.example.org", whole)
    whole = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "2026-03-04T10:15:00Z", whole)
    whole = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "00000000-0000-4000-8000-000000000001", whole)
    FILE.write_text(whole + "\n")


if __name__ == "__main__":
    main()
