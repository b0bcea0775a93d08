"""llama.cpp's real server on this machine's CPU, for as long as a command runs.

    python tests/contract/llama/live.py -- pytest tests/contract/llama
    python tests/contract/llama/live.py -- python -m tests.contract.llama.record

Makes an environment of its own (130 MB the first time) and gives the command the server's address in LLAMA_LIVE_URL.
The exit status is the command's; where the wheel cannot be had it is 0, and the reason is said.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT))

from tests.contract.sglang.live import CACHE, say, stop, wait  # noqa: E402 - a script finds the folder first


def main() -> int:
    """Exit status of the command after `--`."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped too
    python = environment()
    if python is None:
        return 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = CACHE / "llama.log"
    with log.open("wb") as out:
        argv = [python, HERE / "serve.py", str(port)]
        server = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait(server, port, log, "/health")
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | {"LLAMA_LIVE_URL": f"http://127.0.0.1:{port}/v1"}
        ).returncode
    finally:
        stop(server)


def environment() -> Path | None:
    """The Python of an environment with the server and the model, made once; None where they cannot be had."""
    needs = HERE / "requirements.txt"
    folder = CACHE / f"llama-{hashlib.sha256(needs.read_bytes()).hexdigest()[:8]}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    say(f"making llama.cpp's environment in {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", needs]
    done = subprocess.run([*pip, "--only-binary", ":all:"], capture_output=True, text=True)
    if done.returncode:
        say(f"skipped: no wheel of llama.cpp's server for this machine: {done.stderr.strip()[-300:]}")
        return None
    (folder / "complete").touch()
    return python


if __name__ == "__main__":
    sys.exit(main())
