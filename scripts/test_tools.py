"""What the tests need beyond Python: chromium, from Debian's packages where we may install it.

Never fails: a test that misses something says so when it is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Installs chromium as root on Debian; elsewhere leaves it to whoever runs the machine."""
    if any(map(shutil.which, CHROMIUM)) or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        print("·", " ".join(command))
        subprocess.run(command, env=environment, check=False, **quiet)


if __name__ == "__main__":
    main()
