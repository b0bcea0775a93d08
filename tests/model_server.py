"""A model server that behaves as one of four models, chosen by a word of the report: thinks, silent, invents, dies.

It speaks chat completions as SGLang does and answers in the schema it is asked in, so that what is tried is all of
ours: client, parsing, grounding, worker, worklist.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EFFUSION = "There is a small right pleural effusion."
INVENTED = "Large left tension pneumothorax with shift of the mediastinum."
Said = dict[str, Any]


def present(quote: str, side: str) -> Said:
    """A finding as a model states it."""
    return {"quotes": [quote], "status": "present", "side": side, "change": "none"}


def thinks(ids: Mapping[str, Any]) -> tuple[str, dict[str, Said | None]]:
    """Long, and right in the end."""
    return "Is there an effusion? Let me see. " * 2000, {"pleural_effusion": present(EFFUSION, "right")}


def silent(ids: Mapping[str, Any]) -> tuple[str, dict[str, Said | None]]:
    """Finds nothing in anything."""
    return "", {}


def invents(ids: Mapping[str, Any]) -> tuple[str, dict[str, Said | None]]:
    """Words that stand in no report, for a critical finding, and a finding nobody asked about."""
    said: dict[str, Said | None] = {name: present(f"There is {name}, beyond doubt.", "left") for name in list(ids)[:5]}
    return "", said | {"pneumothorax": present(INVENTED, "left"), "not_in_any_catalogue": present(EFFUSION, "right")}


MODELS = {"THINKS": thinks, "SILENT": silent, "INVENTS": invents}


class ModelServer:
    """Answers once `go` is set; `asked` counts calls by the word that was found."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.model = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Ends it, and lets go of whoever waits."""
        self.go.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A server on a free port, until the block ends."""
    server = ModelServer()
    try:
        yield server
    finally:
        server.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._send(b"{}")

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._send(b"{}")
            return
        model: ModelServer = self.server.model  # type: ignore[attr-defined]
        word = _word(request)
        model.asked[word] = model.asked.get(word, 0) + 1
        model.go.wait(120)
        if word == "DIES":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{")
            self.close_connection = True
            return
        self._send(json.dumps(_answer(request, word)).encode())

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _word(request: Mapping[str, Any]) -> str:
    text = request["messages"][-1]["content"]
    return next((word for word in (*MODELS, "DIES") if word in text), "SILENT")


def _answer(request: Mapping[str, Any], word: str) -> dict[str, Any]:
    schema = request["response_format"]["json_schema"]["schema"]
    ids = schema["properties"]["findings"]["properties"]
    reasoning, said = MODELS[word](ids)
    remarks = {name: [] for name in schema["properties"] if name != "findings"}
    content = json.dumps({"findings": dict.fromkeys(ids) | said, **remarks})
    message = {"role": "assistant", "content": content, "reasoning_content": reasoning or None}
    usage = {"prompt_tokens": 2000, "completion_tokens": 600, "total_tokens": 2600}
    return {
        "id": request.get("rid", "r"), "object": "chat.completion", "created": 0, "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage,
    }  # fmt: skip
