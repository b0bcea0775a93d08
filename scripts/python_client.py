"""Makes a typed Python client of API v1 from docs/api/openapi.json: `python scripts/python_client.py [FOLDER]`.

openapi-python-client (MIT) is put into an environment of its own, .venv-client; what it makes is nowhere in this
repository. Ends with 1 where it could not make an operation, or where what it made cannot be imported.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "docs/api/openapi.json"
HOME = ROOT / ".venv-client"
NEEDS = ("openapi-python-client==0.29.1", "ruff==0.17.6")


def generator() -> Path:
    """The generator's program, installed where it is not yet."""
    program = HOME / "bin/openapi-python-client"
    if not program.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin/pip", "install", "--quiet", *NEEDS], check=True)
    return program


def generate(folder: Path) -> str:
    """Makes the client in a folder; what the generator could not do, "" if all is there."""
    asked = [generator(), "generate", "--path", CONTRACT, "--output-path", folder, "--overwrite", "--meta", "none"]
    path = {"PATH": f"{HOME / 'bin'}:/usr/bin:/bin"}
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=path)
    said = done.stdout + done.stderr
    return said if done.returncode or "WARNING" in said or "ERROR" in said else ""


def missing(folder: Path) -> list[str]:
    """Operations of the contract without a module of their own that can be imported."""
    made = {each.stem for each in folder.glob("api/*/*.py")}
    paths = json.loads(CONTRACT.read_text(encoding="utf-8"))["paths"]
    named = (operation["operationId"] for methods in paths.values() for operation in methods.values())
    wanted = {re.sub("_+", "_", name).strip("_") for name in named}
    imported = [f"import {folder.name}.api.default.{name}" for name in sorted(wanted & made)]
    subprocess.run([HOME / "bin/python", "-c", "\n".join(imported)], check=True, cwd=folder.parent)
    return sorted(wanted - made)


def main() -> int:
    """1 and what is wrong, or 0 and how many operations there are."""
    folder = Path(sys.argv[1] if sys.argv[1:] else ROOT / "build/countersign_client").resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    wrong = generate(folder)
    lacking = missing(folder)
    if wrong or lacking:
        print(wrong, *(f"no module for {name}" for name in lacking), sep="\n", file=sys.stderr)
        return 1
    print(f"{len(list(folder.glob('api/default/*.py'))) - 1} operations in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
