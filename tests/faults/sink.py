"""A FHIR server that keeps up: R4 transactions and conditional creates in memory, and answers that can be lost.

Named what it is: a sink for measuring ours. That we write correctly is proved against a real server
(tests/integration/fhir); this one counts.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
TYPES = (
    "Patient", "ServiceRequest", "DiagnosticReport", "Device", "Observation", "Provenance", "Task", "AuditEvent",
    "Practitioner", "ImagingStudy", "Flag",
)  # fmt: skip


class Sink:
    """Resources by type; `lose` decides, per write, whether its answer is lost after the write."""

    def __init__(self) -> None:
        self.lose: Callable[[], bool] = lambda: False
        self.written_at: dict[str, float] = {}
        self._stored: dict[str, dict[str, Json]] = {name: {} for name in TYPES}
        self._named: dict[tuple[str, str, str], dict[str, None]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/fhir"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def observations(self) -> list[tuple[str, float]]:
        """(identifier value, when written) of every Observation."""
        with self._lock:
            return [(_identifier(one), self.written_at[one["id"]]) for one in self._stored["Observation"].values()]

    def answer(self, method: str, path: str, query: str, headers: Any, body: Json | None) -> tuple[int, Json, str]:
        """(status, resource, Location)."""
        if path == "metadata":
            return 200, _statement(), ""
        with self._lock:
            if method == "GET":
                return self._read(path, query)
            if body and body.get("type") == "transaction":
                return 200, self._transaction(body), ""
            if method == "PUT":
                return self._put(path, body or {})
            return self._create(body or {}, headers.get("If-None-Exist", ""))

    def _read(self, path: str, query: str) -> tuple[int, Json, str]:
        kind, _, wanted = path.partition("/")
        if wanted:
            found = self._stored[kind].get(wanted)
            return (200, found, "") if found else (404, _outcome(), "")
        matches = self._matching(kind, query)
        entries = [{"resource": one, "search": {"mode": "match"}} for one in matches]
        return 200, {"resourceType": "Bundle", "type": "searchset", "total": len(matches), "entry": entries}, ""

    def _matching(self, kind: str, query: str) -> list[Json]:
        asked = parse_qs(query)
        tokens = asked.get("identifier") or asked.get("_tag") or [""]
        system, _, value = tokens[0].rpartition("|")
        return [self._stored[kind][name] for name in self._named.get((kind, system, value), ())]

    def _create(self, resource: Json, if_none_exist: str) -> tuple[int, Json, str]:
        kind = resource["resourceType"]
        there = self._matching(kind, if_none_exist) if if_none_exist else []
        if there:
            return 200, there[0], f"{kind}/{there[0]['id']}/_history/{there[0]['meta']['versionId']}"
        return self._store(kind, f"{kind[:2].lower()}{len(self._stored[kind]) + 1}", resource)

    def _put(self, path: str, resource: Json) -> tuple[int, Json, str]:
        kind, _, wanted = path.partition("/")
        return self._store(kind, wanted, resource)

    def _store(self, kind: str, name: str, resource: Json) -> tuple[int, Json, str]:
        earlier = self._stored[kind].get(name)
        version = str(int(earlier["meta"]["versionId"]) + 1 if earlier else 1)
        kept = {**resource, "id": name, "meta": {**(resource.get("meta") or {}), "versionId": version}}
        for token in _tokens(earlier) if earlier else ():
            self._named[kind, *token].pop(name, None)
        for token in _tokens(kept):
            self._named.setdefault((kind, *token), {})[name] = None
        self._stored[kind][name] = kept
        self.written_at.setdefault(name, time.time())
        return (200 if earlier else 201), kept, f"{kind}/{name}/_history/{version}"

    def _transaction(self, bundle: Json) -> Json:
        places: dict[str, str] = {}
        answered = []
        for entry in bundle["entry"]:
            resource = json.loads(_resolved(json.dumps(entry["resource"]), places))
            request = entry["request"]
            if request["method"] == "PUT":
                status, kept, location = self._put(request["url"], resource)
            else:
                status, kept, location = self._create(resource, request.get("ifNoneExist", ""))
            places[entry.get("fullUrl", "")] = location.partition("/_history")[0]
            etag = f'W/"{kept["meta"]["versionId"]}"'
            answered.append({"response": {"status": str(status), "location": location, "etag": etag}})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answered}


def _resolved(text: str, places: dict[str, str]) -> str:
    for urn, reference in places.items():
        if urn:
            text = text.replace(f'"{urn}"', f'"{reference}"')
    return text


def _identifier(resource: Json) -> str:
    found = resource.get("identifier") or [{}]
    return str((found[0] if isinstance(found, list) else found).get("value", ""))


def _tokens(resource: Json) -> set[tuple[str, str]]:
    found = resource.get("identifier") or []
    named = {(one.get("system", ""), one.get("value", "")) for one in (found if isinstance(found, list) else [found])}
    tags = (resource.get("meta") or {}).get("tag") or []
    return named | {(tag.get("system", ""), tag.get("code", "")) for tag in tags}


def _outcome() -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}


def _statement() -> Json:
    codes = ("read", "create", "update", "search-type")
    params = [{"name": name, "type": "token"} for name in ("identifier", "_tag")]
    ability = {"interaction": [{"code": code} for code in codes], "conditionalCreate": True, "searchParam": params}
    rest = {"mode": "server", "interaction": [{"code": "transaction"}]}
    resources = [{"type": name, "updateCreate": True, **ability} for name in TYPES]
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{**rest, "resource": resources}]}


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/fhir").strip("/")
            status, resource, location = sink.answer(self.command, path, parts.query, self.headers, body)
            if self.command != "GET" and sink.lose():
                self.close_connection = True
                return
            content = json.dumps(resource).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(content)))
            if location:
                self.send_header("Location", f"{sink.url}/{location}")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _take

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler
