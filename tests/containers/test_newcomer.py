"""Somebody with a fresh clone and the README at a machine without Docker: to a signature on the FHIR server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.containers.compose import PATIENCE, eventually
from tests.containers.engine import ROOT
from tests.containers.memory import proportional_set
from tests.containers.readme import MOST, commands
from tests.containers.reviewer import Reviewer

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1800)]


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until somebody presses Ctrl-C, in whose shell nothing of ours is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COUNTERSIGN_", "VIRTUAL_ENV"))}
    process = subprocess.Popen(command, cwd=folder, env=kept, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, 2)
        process.wait(120)


def said(process: subprocess.Popen[str], last: str) -> str:
    """What a command prints, up to the line that begins so."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(last):
            return "".join(lines)
    raise AssertionError(f"it ended with {process.wait()}: {''.join(lines)[-2000:]}")


def test_the_demo_from_a_clone_to_a_signature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo, *others = commands("Try it: two commands")
    (look,) = [words for words in others if "Observation?status=final" in words]
    began = time.time()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "countersign")], check=True)
    folder = tmp_path / "countersign"

    def on_the_server(status: str) -> list[datetime]:
        asked = [word.replace("status=final", f"status={status}") for word in look]
        found = json.loads(subprocess.run(asked, cwd=folder, capture_output=True, check=True).stdout)
        times = [each["resource"]["meta"]["lastUpdated"] for each in found.get("entry", [])]
        return [datetime.fromisoformat(each) for each in times]

    with started(demo, folder) as process:
        address = re.findall(r"^Worklist +(\S+)", said(process, "Ctrl-C stops everything"), re.MULTILINE)[0]
        seconds = min(on_the_server("preliminary")).timestamp() - began
        memory = proportional_set(process.pid)
        with capsys.disabled():
            print(f"\nfirst preliminary Observation after {seconds:.0f} s; {memory / 2**20:.0f} MiB (PSS)")
        assert not on_the_server("final")
        reviewer = Reviewer(address)
        reviewer.sign(reviewer.reports()[0]["report_id"])
        reviewer.close()
        eventually(lambda: on_the_server("final"), PATIENCE, lambda: "a final Observation")
    assert len(["git clone", "cd", demo, look]) < MOST
