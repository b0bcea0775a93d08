"""A real R4 server as a process, and a proxy that takes abilities away from it or loses its answers."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import yaml

from integration.fhir.systems import Json
from services.embedded.fhir_server import command
from tests.ports import free_port


class Sekmet:
    """The embedded FHIR server with its data folder; `start` and `stop` may be called again."""

    def __init__(self, data: Path, changes: Json | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/fhir"
        self._changes = changes or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Sekmet:
        argv, environment = command(self.port, self.base_url, str(self.data))
        self._change(Path(environment["SEKMET_CONFIG"]))
        log = (self.data / "server.log").open("ab")
        self._process = subprocess.Popen(argv, env={**os.environ, **environment}, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self._process.poll() is None, "the FHIR server ended at start"
            assert time.monotonic() < deadline, "the FHIR server did not come up"
            time.sleep(0.1)
        return self

    def _change(self, config: Path) -> None:
        if self._changes:
            config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), **self._changes}))

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.base_url}/metadata", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


class Proxy:
    """Between us and a FHIR server: `refuse(method, path, headers)` answers 405, `change` edits /metadata.

    Where `lose(method, path)`, the answer is lost after the server gave it: the connection
    closes without a byte. `status` answers every request itself, with `headers`; `instead` some, with a body.
    `missing`: a reference answered 404.
    """

    def __init__(
        self,
        upstream: str,
        *,
        change: Callable[[Json], Json] | None = None,
        refuse: Callable[[str, str], bool] | None = None,
        lose: Callable[[str, str], bool] | None = None,
        instead: Callable[[str], bytes | None] | None = None,
        status: int = 0,
        headers: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.lose = lose
        self.instead = instead
        self.missing = ""
        self.onward = httpx2.Client(timeout=60)
        handler = _handler(self, upstream, change, refuse, status, headers or {})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}/fhir"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.onward.close()


def _handler(
    proxy: Proxy,
    upstream: str,
    change: Callable[[Json], Json] | None,
    refuse: Callable[[str, str], bool] | None,
    status: int,
    headers: dict[str, str],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _relay(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            path = self.path.removeprefix("/fhir")
            proxy.requests.append((self.command, path))
            proxy.headers.append({name.lower(): value for name, value in self.headers.items()})
            if status:
                return self._answer(status, b"", headers)
            if proxy.missing and path.startswith(f"/{proxy.missing}"):
                return self._answer(404, _outcome("not-found"), {})
            given = proxy.instead(path) if proxy.instead else None
            if given is not None:
                return self._answer(200, given, {"Content-Type": "application/fhir+json"})
            if refuse is not None and refuse(self.command, path):
                return self._answer(405, _outcome("not-supported"), {})
            passed = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
            got = proxy.onward.request(self.command, upstream + path, content=body, headers=passed)
            if proxy.lose is not None and proxy.lose(self.command, path):
                self.close_connection = True
                return None
            content = got.content
            if path.startswith("/metadata") and change is not None:
                content = json.dumps(change(got.json())).encode()
            kept = ("content-type", "etag", "location", "last-modified")
            return self._answer(got.status_code, content, {k: got.headers[k] for k in kept if k in got.headers})

        def _answer(self, code: int, content: bytes, extra: dict[str, str]) -> None:
            self.send_response(code)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _relay

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler


def _outcome(code: str) -> bytes:
    issue = {"severity": "error", "code": code, "diagnostics": "CANARY diagnostics may hold a patient's name"}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


def without(
    *, transaction: bool = False, conditional: bool = False, types: frozenset[str] = frozenset()
) -> Callable[[Json], Json]:
    """An edit of /metadata that takes abilities away; `types` lose create and update."""

    def change(statement: Json) -> Json:
        rest = statement["rest"][0]
        if transaction:
            rest["interaction"] = [i for i in rest["interaction"] if i["code"] != "transaction"]
        for resource in rest["resource"]:
            if conditional:
                resource["conditionalCreate"] = False
            if resource["type"] in types:
                writes = ("create", "update", "patch")
                resource["interaction"] = [i for i in resource["interaction"] if i["code"] not in writes]
        return statement

    return change


def without_update_create(inner: Callable[[Json], Json]) -> Callable[[Json], Json]:
    """The same, and PUT creates nothing either."""

    def change(statement: Json) -> Json:
        for resource in inner(statement)["rest"][0]["resource"]:
            resource["updateCreate"] = False
        return statement

    return change
