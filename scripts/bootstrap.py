"""Makes .venv from the hashed locks, with nothing but Python's standard library: `bootstrap.py [--dev]`.

Uses uv where it is at hand, else venv and pip. Does nothing when the environment already fits the locks.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INPUTS = ("pyproject.toml", "hatch_build.py")


def main(arguments: list[str]) -> int:
    """0 when .venv is ready; else one clear line on stderr and 1."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs before anything checked it
        return _fail(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]} ({sys.executable})")
    lock = "requirements-dev.lock" if "--dev" in arguments else "requirements.lock"
    if _is_ready(lock):
        return 0
    try:
        _install(lock)
    except subprocess.CalledProcessError as error:
        return _fail(f"set-up failed: {' '.join(map(str, error.cmd[:6]))} … ended with {error.returncode}")
    _stamp(lock).write_text(_fingerprint(lock))
    return 0


def _install(lock: str) -> None:
    uv = shutil.which("uv")
    if uv:
        environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
        if not PYTHON.exists():
            _run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        _run([uv, "pip", "install", "--quiet", "--require-hashes", "-r", lock], environment)
        _run([uv, "pip", "install", "--quiet", "--no-deps", "-e", "."], environment)
        return
    if not PYTHON.exists() or not _has_pip():
        _make_venv()
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", lock])
    _run([*pip, "--no-deps", "-e", "."])


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401 - only whether it is there
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _fail(f"this Python has no ensurepip: install python{version}-venv, or uv, and run make again")
        raise SystemExit(1) from None
    _run([sys.executable, "-m", "venv", str(VENV)])


def _has_pip() -> bool:
    return subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode == 0


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    print("·", " ".join(command), file=sys.stderr)
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def _fingerprint(lock: str) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in (lock, *INPUTS):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _stamp(lock: str) -> Path:
    return VENV / f".{lock}.sha256"


def _is_ready(lock: str) -> bool:
    htmx = ROOT / "services/web/static/htmx.min.js"
    stamps = [_stamp(lock)] + ([] if "dev" in lock else [_stamp("requirements-dev.lock")])
    fits = any(s.exists() and s.read_text() == _fingerprint(s.name[1:].removesuffix(".sha256")) for s in stamps)
    return PYTHON.exists() and htmx.exists() and fits


def _fail(line: str) -> int:
    print(f"countersign: {line}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
