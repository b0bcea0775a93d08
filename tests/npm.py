"""Packages of npm that a test needs, from a lock beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL_SECONDS = 180


def install(folder: Path, package: str) -> None:
    """What `folder`/package-lock.json pins, installed once beside it; the test is skipped where that cannot be."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    if (folder / "node_modules" / package).exists():
        return
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {package} in time")
    if done.returncode:
        pytest.skip(f"npm cannot install {package} here")
