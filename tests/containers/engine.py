"""podman on this machine: where it keeps its images, how it is called, and why it cannot be had.

Everything lies in .cache/containers, apart from other images of the machine. runc and cgroupfs do without systemd;
the limits are below what a container of a container may ask for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache/containers"
TOOLS = ("podman", "runc", "debootstrap", "catatonit")

CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE_CONF = """[storage]
driver = "{driver}"
graphroot = "{cache}/storage"
runroot = "{cache}/run"
"""


class Unavailable(Exception):
    """No containers can run here; the message says what is missing."""


@cache
def environment() -> dict[str, str]:
    """What podman is started with. Raises Unavailable."""
    missing = [name for name in TOOLS if not shutil.which(name)]
    if missing:
        raise Unavailable(f"missing here: {', '.join(missing)} (Debian: apt-get install {' '.join(missing)})")
    if os.geteuid() != 0:
        raise Unavailable("debootstrap needs root to make the base image")
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "containers.conf").write_text(CONTAINERS_CONF, encoding="utf-8")
    storage = STORAGE_CONF.format(driver=os.environ.get("STORAGE_DRIVER") or _driver(), cache=CACHE)
    (CACHE / "storage.conf").write_text(storage, encoding="utf-8")
    found = {"CONTAINERS_CONF": f"{CACHE}/containers.conf", "CONTAINERS_STORAGE_CONF": f"{CACHE}/storage.conf"}
    # Anything of the caller's own COUNTERSIGN_… or compose variables would get into what is started.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
    return {**kept, **found}


def podman(*arguments: str, check: bool = True, timeout: float = 1800, stdin: str | None = None) -> str:
    """stdout of a podman command. Raises AssertionError with what it said."""
    done = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, check=False, env=environment(), timeout=timeout,
        input=stdin,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"podman {' '.join(arguments)[:200]}: {done.stderr.strip()[-3000:]}"
    return done.stdout


def inspect(name: str) -> dict[str, Any]:
    """What podman knows of a container or an image."""
    return dict(json.loads(podman("inspect", name))[0])


def exists(image: str) -> bool:
    """Whether an image is there."""
    return subprocess.run(["podman", "image", "exists", image], env=environment(), check=False).returncode == 0


def _driver() -> str:
    """Layers on top of each other where the kernel can, else whole copies."""
    return "overlay" if "overlay" in Path("/proc/filesystems").read_text(encoding="utf-8") else "vfs"
