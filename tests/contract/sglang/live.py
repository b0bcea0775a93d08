"""A real SGLang server on this machine's CPU, for as long as a command runs.

    python tests/contract/sglang/live.py -- pytest tests/contract/sglang
    python tests/contract/sglang/live.py -- python -m tests.contract.sglang.record

Makes SGLang's own environment (3 GB, 5 to 10 minutes the first time) and the tiny model in a cache folder, starts
the profile tiny-cpu with `countersign serve-model`, waits until it is ready, runs the command with its address
in SGLANG_LIVE_URL and the environment's Python in SGLANG_PYTHON, and stops it. The exit status is the command's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
VERSION = "0.5.23"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "countersign"
READY_WITHIN = 900.0
"""Seconds: about 1 minute on an idle machine of 2 cores, several on a busy one."""


def main() -> int:
    """Exit status of the command after `--`."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped too
    python = environment()
    model = tiny_model(python)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = CACHE / "tiny-cpu.log"
    server = start(python, model, port, log)
    try:
        wait(server, port, log)
        given = {"SGLANG_LIVE_URL": f"http://127.0.0.1:{port}/v1", "SGLANG_PYTHON": str(python)}
        return subprocess.run(command, cwd=ROOT, env=os.environ | given).returncode
    finally:
        stop(server)


def environment() -> Path:
    """The Python of an environment with SGLang and what it needs on a CPU; made once per list of needs."""
    needs = HERE / "requirements.txt"
    digest = hashlib.sha256(needs.read_bytes()).hexdigest()[:8]
    folder = CACHE / f"sglang-{VERSION}-py{sys.version_info[0]}{sys.version_info[1]}-{digest}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    say(f"making SGLang's environment in {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-conflicts"]
    subprocess.run([*pip, "--no-deps", f"sglang=={VERSION}"], check=True)
    subprocess.run([*pip, "-r", needs], check=True)
    (folder / "complete").touch()
    return python


def tiny_model(python: Path) -> Path:
    """The folder of the tiny model, written anew each time: it takes seconds."""
    folder = CACHE / "tiny-model"
    subprocess.run([python, "-m", "integration.sglang.tiny.model", folder], cwd=ROOT, check=True)
    return folder


def start(python: Path, model: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    """`countersign serve-model`, in a process group of its own so that its children end with it."""
    countersign = Path(sys.executable).parent / "countersign"
    command = [countersign, "serve-model", "--profile", "tiny-cpu", "--python", python]
    say(f"starting SGLang {VERSION} on port {port}; its log is {log}")
    with log.open("wb") as out:
        return subprocess.Popen(
            [*command, "--model-path", model, "--port", str(port)],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait(server: subprocess.Popen[bytes], port: int, log: Path, path: str = "/ready") -> None:
    """Until `path` answers 200."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with status {server.returncode}: see {log}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(2)
    raise SystemExit(f"the server was not ready after {READY_WITHIN:g} s: see {log}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """The whole group, politely first."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, how)
            server.wait(20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def say(line: str) -> None:
    """Progress, on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
