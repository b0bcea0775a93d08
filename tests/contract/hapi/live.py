"""HAPI FHIR's JPA server and the judges written in Java, for as long as a command runs.

    python tests/contract/hapi/live.py -- pytest tests/contract/hapi
    python tests/contract/hapi/live.py -- python -m tests.contract.hapi.record

Builds pom.xml with Maven (300 MB the first time), starts the server on a free port with its data in memory, runs the
command with its address in HAPI_URL, and stops the server. The exit status is the command's. Where Java or Maven is
missing it says so and ends with 0: nothing was tested.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BUILT = ROOT / ".cache" / "java"
JAVA = 17
READY_WITHIN = 600.0
"""Seconds: about 40 on an idle machine of 2 cores."""


def main() -> int:
    """Exit status of the command after `--`."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped too
    if lacking := missing():
        say(f"skipped: {lacking}")
        return 0
    build()
    with running() as address:
        return subprocess.run(command, cwd=ROOT, env=os.environ | {"HAPI_URL": address}).returncode


def missing() -> str:
    """What this machine lacks, "" where it lacks nothing."""
    if not shutil.which("mvn") or not shutil.which("java"):
        return "Java and Maven are not both installed"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', said)
    return "" if found and int(found[1]) >= JAVA else f"Java {JAVA} is needed: {said.splitlines()[0] if said else '-'}"


def build(*modules: str) -> None:
    """These modules, or everything, compiled with their libraries beside them, below .cache/java."""
    say(f"building in {BUILT}")
    chosen = ["--projects", ",".join(modules)] if modules else []
    subprocess.run(["mvn", "--batch-mode", "--quiet", *chosen, "process-classes"], cwd=HERE, check=True)


def java(module: str, main_class: str, *arguments: str, memory: str = "512m") -> list[str]:
    """The command line of a program of ours."""
    classpath = f"{BUILT / module / 'classes'}{os.pathsep}{BUILT / module / 'lib'}/*"
    return ["java", f"-Xmx{memory}", "-XX:+UseSerialGC", "-cp", classpath, main_class, *arguments]


@contextmanager
def running(settings: Mapping[str, str] = {}) -> Iterator[str]:
    """The server's address. `settings` are environment variables, such as SPRING_DATASOURCE_URL."""
    log = BUILT / "server.log"
    environment = os.environ | {"SERVER_PORT": "0"} | dict(settings)
    command = java("server", "countersign.ehr.Main", memory="1g")
    with log.open("wb") as errors:
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield address(server, log)
    finally:
        server.terminate()
        server.wait(60)


def address(server: subprocess.Popen[str], log: Path) -> str:
    """What it prints once it answers."""
    say(f"starting HAPI FHIR; its log is {log}")
    began = time.monotonic()
    watchdog = signal.signal(signal.SIGALRM, lambda *_: server.kill())
    signal.alarm(int(READY_WITHIN))
    assert server.stdout
    line = server.stdout.readline().strip()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, watchdog)
    if not line:
        raise SystemExit(f"HAPI FHIR did not start: see {log}")
    say(f"HAPI FHIR answers at {line} after {time.monotonic() - began:.0f} s")
    return line


def say(line: str) -> None:
    """Progress, on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
