"""Starts every process of the image once, in its root folder, as the image's user; for scripts/build_image.sh.

There is no database: a process is right when it lives, says that it is not ready, and ends on SIGTERM. The
listener alone is ready: it takes connections and answers AE, so that the sender keeps its messages.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

PROCESSES = ("listener", "subscriber", "relay", "worker", "sender", "worklist")
USER = 10001
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(root: str, name: str, health: int) -> subprocess.Popen[bytes]:
    settings = {
        "COUNTERSIGN_HEALTH__HOST": "127.0.0.1",
        "COUNTERSIGN_HEALTH__PORT": str(health),
        "COUNTERSIGN_MLLP__PORT": str(free_port()),
        "COUNTERSIGN_WORKLIST__PORT": str(free_port()),
        "COUNTERSIGN_FHIR__NOTIFY_PORT": str(free_port()),
        "COUNTERSIGN_FHIR__URL": "http://127.0.0.1:9/fhir",
        "COUNTERSIGN_DATABASE__PORT": "9",
    }

    def enter() -> None:
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)

    environment = {"PATH": "/opt/countersign/bin:/usr/bin:/bin", "HOME": "/tmp", **settings}
    return subprocess.Popen(["countersign", name], env=environment, preexec_fn=enter)


def status(port: int, path: str) -> int:
    """HTTP status of a probe, 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def check(root: str, name: str) -> str:
    """What is wrong with the process, empty when it is as it should be."""
    health = free_port()
    process = start(root, name, health)
    try:
        deadline = time.monotonic() + START_SECONDS
        while status(health, "/live") != 200:
            if process.poll() is not None or time.monotonic() > deadline:
                return f"{name}: not alive, exit status {process.poll()}"
            time.sleep(0.1)
        wanted = 200 if name == "listener" else 503
        if (found := status(health, "/ready")) != wanted:
            return f"{name}: /ready answers {found} without a database, not {wanted}"
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        return "" if code in {0, -signal.SIGTERM} else f"{name}: ended with {code} on SIGTERM"
    finally:
        process.kill()


def main() -> None:
    root = sys.argv[1]
    subprocess.run(
        ["chroot", root, "/opt/countersign/bin/countersign", "--help"], check=True, stdout=subprocess.DEVNULL
    )
    wrong = []
    for name in PROCESSES:
        reason = check(root, name)
        print(reason or f"{name}: starts, bears a missing database, ends on SIGTERM", flush=True)
        wrong += [reason] if reason else []
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
