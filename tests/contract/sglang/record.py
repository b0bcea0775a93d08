"""Writes recordings/: real responses of the server at SGLANG_LIVE_URL, with date and version.

python tests/contract/sglang/live.py -- python -m tests.contract.sglang.record
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import Any

import httpx2

from integration.sglang.endpoint import request
from tests.contract.sglang.cases import CASES, QUEUE_FULL, Case
from tests.contract.sglang.live import VERSION
from tests.contract.sglang.recordings import FOLDER, Recording

GETS = ("/ready", "/health", "/v1/models")
CROWD = 6
"""More calls than run (2) and wait (2) in the profile tiny-cpu."""


def main() -> None:
    """Every case once, in order."""
    url = os.environ["SGLANG_LIVE_URL"]
    for old in FOLDER.glob("*.json"):
        old.unlink()
    with httpx2.Client(base_url=url.removesuffix("/v1"), timeout=600, trust_env=False) as http:
        for path in GETS:
            name = path.strip("/").replace("/", "_")
            _recording(name, "GET", path, None, http.get(path)).write()
        for case in CASES:
            _recorded(http, case).write()
        _full(http).write()


def _recorded(http: httpx2.Client, case: Case, rid: str = "") -> Recording:
    call = case.call()
    body = request(case.endpoint("x"), call.model_copy(update={"rid": rid or call.rid}))
    response = http.post("/v1/chat/completions", json=body)
    print(f"{case.name}: {response.status_code}")
    return _recording(case.name, "POST", "/v1/chat/completions", body, response)


def _full(http: httpx2.Client) -> Recording:
    """A crowd larger than the server takes: one of those turned away."""
    found: list[Recording] = []

    def ask(number: int) -> None:
        found.append(_recorded(http, QUEUE_FULL, f"crowd-{number}"))

    crowd = [threading.Thread(target=ask, args=(number,)) for number in range(CROWD)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return next(one for one in found if one.status == httpx2.codes.SERVICE_UNAVAILABLE)


def _recording(name: str, method: str, path: str, body: dict[str, Any] | None, response: httpx2.Response) -> Recording:
    """Prompts are not kept: they are ours, and no recording is found by them."""
    kept = body and {
        **body,
        "messages": [{"role": one["role"], "content": "(the case's prompt)"} for one in body["messages"]],
    }
    return Recording(
        name=name,
        recorded=datetime.now(UTC).date().isoformat(),
        sglang=VERSION,
        method=method,
        path=path,
        request=kept,
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        body=response.text,
    )


if __name__ == "__main__":
    main()
