"""Asks of every lock whether each platform finds a wheel under one of its hashes; run by scripts/lock.sh (needs uv).

    python scripts/platforms.py        writes requirements-platforms.json: the digest of each lock, and what fits

A test holds that file to the locks as they are, so that a lock nobody asked about does not go unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "requirements-platforms.json"
# The model server's lock is for Linux on x86-64 alone; fitting a calibration is the work of a checkout.
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-image.lock", "requirements-calibration.lock")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
PYTHONS = ("3.11", "3.12", "3.13")


def missing(lock: str, platform: str, python: str) -> str:
    """What a platform does not find, "" when every pin has a wheel for it under one of the lock's hashes."""
    asked = ["--python-platform", platform, "--python-version", python, "--target", str(ROOT / ".cache/none")]
    flags = ["--dry-run", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    command = ["uv", "pip", "install", *flags, *asked, "-r", str(ROOT / lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[:300]


def digest(lock: str) -> str:
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def main() -> int:
    wanted = list(product(LOCKS, PLATFORMS, PYTHONS))
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(wanted, pool.map(lambda each: missing(*each), wanted), strict=True))
    wrong = {each: reason for each, reason in found.items() if reason}
    for (lock, platform, python), reason in wrong.items():
        print(f"{lock}, {platform}, Python {python}: {reason}", file=sys.stderr)
    if wrong:
        return 1
    fits = {lock: {"sha256": digest(lock), "platforms": PLATFORMS, "pythons": PYTHONS} for lock in LOCKS}
    KEPT.write_text(json.dumps(fits, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
