"""Two engines that only repeat: an OpenAI-compatible server that replays recorded answers of the tiny random model.

What it says of a report was said of another one, by a model with random weights: it proves the mechanics of an
evaluation, and its scores mean nothing. A report is given always the same recording, chosen by its text.

    python -m tests.integration.evaluation.recorded FOLDER

writes FOLDER/set.jsonl and FOLDER/engines.yaml and serves until it is interrupted; docs/evaluation.md uses it.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from services.evaluation.dataset import load as load_dataset
from tests.contract.sglang.recordings import Recording, load

REPORT = re.compile(r"\[\[REPORT \w+ BEGIN\]\]\n(.*)\n\[\[REPORT \w+ END\]\]", re.DOTALL)
BUDGET = "custom_params"
ENGINES = """\
# Both repeat recorded answers of a model with random weights. Prices are round numbers that nobody charges.
engines:
  - name: random-thinking
    url: {url}
    model: tiny
    local: true
    temperature: 0.6
    top_p: 0.95
    attempts: 1
    about:
      context_window: 16384
      licence: none
      openness: random weights
      price: {{input: 1.0, cached: 0.5, output: 2.0, currency: USD}}
      source: made up for the example
  - name: random-budget
    url: {url}
    model: tiny
    local: true
    temperature: 0.6
    top_p: 0.95
    thinking_budget: 3
    attempts: 1
    about:
      price: {{input: 1.0, cached: 0.5, output: 2.0, currency: USD}}
      source: made up for the example
"""


@dataclass
class Recorded:
    """A server, what it was asked (whether with a budget, and about which report), and after how many answers it
    stops answering (None: never)."""

    url: str = ""
    answers: dict[str, list[Recording]] = field(default_factory=dict)
    asked: list[tuple[bool, str]] = field(default_factory=list)
    silent_after: int | None = None
    silent: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def answer_to(self, request: dict[str, Any]) -> Recording | None:
        """The recording for a report, of those with the same schema and the same budget."""
        found = self.answers.get(_kind(request))
        return found[zlib.crc32(_report(request).encode()) % len(found)] if found else None

    @property
    def engines_yaml(self) -> str:
        """Both engines as a file for --engines."""
        return ENGINES.format(url=self.url)


@contextmanager
def recorded_server() -> Iterator[Recorded]:
    """A server on a free port, until the block ends."""
    recorded = Recorded()
    for one in load():
        if one.status == 200 and one.request:
            recorded.answers.setdefault(_kind(one.request), []).append(one)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.recorded = recorded  # type: ignore[attr-defined]
    recorded.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield recorded
    finally:
        recorded.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def labelled_lines() -> list[str]:
    """The package's chest radiographs, asked about the two findings that were recorded."""
    both = ("pneumothorax", "pleural_effusion")
    items = [item for item in load_dataset("dev") if set(both) <= set(item.candidates)]
    two = [
        item.model_copy(update={"candidates": both, "gold": {each: item.gold[each] for each in both}}) for item in items
    ]
    return [item.model_copy(update={"names": {}}).model_dump_json() for item in two]


def _report(request: dict[str, Any]) -> str:
    found = REPORT.search(request["messages"][-1]["content"])
    return found[1] if found else ""


def _kind(request: dict[str, Any]) -> str:
    return json.dumps([request.get("response_format"), request.get(BUDGET)], sort_keys=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        recorded: Recorded = self.server.recorded  # type: ignore[attr-defined]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        recorded.asked.append((BUDGET in request, _report(request)))
        if recorded.silent_after is not None and len(recorded.asked) > recorded.silent_after:
            recorded.silent.set()
            recorded.released.wait(60)
        found = recorded.answer_to(request)
        body = found.body.encode() if found else b"never recorded: see make test-sglang"
        self.send_response(200 if found else 501)
        self.send_header("Content-Type", found.content_type if found else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def main() -> None:
    """See above."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with recorded_server() as recorded:
        (folder / "set.jsonl").write_text("\n".join(labelled_lines()) + "\n", "utf-8")
        (folder / "engines.yaml").write_text(recorded.engines_yaml, "utf-8")
        print(f"recorded answers of a random model at {recorded.url}; Ctrl-C ends it", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
