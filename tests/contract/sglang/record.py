"""Writes recordings/: real responses of the server at SGLANG_LIVE_URL, with date and version.

python tests/contract/sglang/live.py -- python -m tests.contract.sglang.record
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from integration.sglang.endpoint import request
from tests.contract.sglang.cases import CASES, QUEUE_FULL, Case
from tests.contract.sglang.live import VERSION
from tests.contract.sglang.recordings import FOLDER, Recording

FLAGS = FOLDER.parent / "flags.json"
GETS = ("/ready", "/health", "/v1/models", "/server_info", "/model_info")
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
            recording(name, "GET", path, None, http.get(path)).write()
        for case in CASES:
            _recorded(http, case).write()
        _full(http).write()
    write_flags()


def write_flags() -> None:
    """flags.json: what SGLang's own parser knows, and what of it is on its way out."""
    checker = Path(__file__).with_name("check_profiles.py")
    done = subprocess.run([os.environ["SGLANG_PYTHON"], checker, "--flags"], capture_output=True, text=True, check=True)
    said = {"sglang": VERSION, "recorded": datetime.now(UTC).date().isoformat()}
    said["flags"] = json.loads(done.stdout.splitlines()[-1])
    FLAGS.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _recorded(http: httpx2.Client, case: Case, rid: str = "") -> Recording:
    call = case.call()
    body = request(case.endpoint("x"), call.model_copy(update={"rid": rid or call.rid}))
    response = http.post("/v1/chat/completions", json=body)
    print(f"{case.name}: {response.status_code}")
    return recording(case.name, "POST", "/v1/chat/completions", body, response)


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


def recording(
    name: str,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    response: httpx2.Response,
    server: str = f"SGLang {VERSION}",
) -> Recording:
    """Prompts are not kept: they are ours, and no recording is found by them."""
    kept = body and {
        **body,
        "messages": [{"role": one["role"], "content": "(the case's prompt)"} for one in body["messages"]],
    }
    return Recording(
        name=name,
        recorded=datetime.now(UTC).date().isoformat(),
        server=server,
        method=method,
        path=path,
        request=kept,
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        body=response.text,
    )


if __name__ == "__main__":
    main()
