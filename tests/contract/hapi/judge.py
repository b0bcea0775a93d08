"""A judge written in Java as a process: a request a line, an answer a line, both JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.contract.hapi.live import BUILT, java


class Judge:
    """Its answers, in the order they were asked for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """What it says; an answer that is only an error fails the test."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the judge ended: see {BUILT / 'judge.log'}"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def judge(module: str, main_class: str) -> Iterator[Judge]:
    """A judge until the block ends."""
    with (BUILT / "judge.log").open("ab") as log:
        command = java(module, main_class)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield Judge(process)
    finally:
        process.kill()
        process.wait(20)
