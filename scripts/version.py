"""The version, in every place that states it.

    python3 scripts/version.py                  # says which it is; ends with 1 where two places differ
    python3 scripts/version.py 0.2.0            # writes it everywhere; what was Unreleased becomes 0.2.0, of today
    python3 scripts/version.py 0.2.0 --tag      # commits that too, and tags it v0.2.0 with the changelog's words

Nothing is pushed. The chart has a version of its own (Chart.yaml), which changes with the chart.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    "pyproject.toml": r'^version = "(.+)"$',
    "Dockerfile": r"^ARG VERSION=(.+)$",
    "deploy/helm/countersign/Chart.yaml": r"^appVersion: (.+)$",
    "deploy/helm/countersign/ci/trial-values.yaml": r"^image: .*\btag: ([^}]+)\}$",
}
CHANGELOG = "CHANGELOG.md"
OPEN = "## Unreleased\n"


class Refused(Exception):
    """What is wrong, in one line."""


def main(arguments: list[str]) -> None:
    """Raises Refused before anything is written."""
    wanted = [each for each in arguments if each != "--tag"]
    if not wanted:
        print(stated())
        return
    if len(wanted) != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", wanted[0]):
        raise Refused("say one version, as 0.2.0")
    if "--tag" in arguments and git("status", "--porcelain"):
        raise Refused("the checkout has changes: commit or put them away")
    write(wanted[0])
    if "--tag" in arguments:
        git("commit", "--quiet", "--message", f"Version {wanted[0]}", "--", *PLACES, CHANGELOG)
        git("tag", "--annotate", f"v{wanted[0]}", "--cleanup=verbatim", "--message", notes(wanted[0]))


def stated() -> str:
    """The version every place states."""
    found = {name: _match(name)[1] for name in PLACES}
    if len(set(found.values())) > 1:
        raise Refused("the version differs: " + ", ".join(f"{name} {version}" for name, version in found.items()))
    return found["pyproject.toml"]


def write(version: str) -> None:
    """States a version everywhere."""
    changelog = (ROOT / CHANGELOG).read_text(encoding="utf-8")
    if changelog.count(OPEN) != 1 or f"\n## {version} " in changelog:
        raise Refused(f"{CHANGELOG} needs one heading '{OPEN.strip()}', and none for {version} yet")
    for name in PLACES:
        found, text = _match(name), (ROOT / name).read_text(encoding="utf-8")
        (ROOT / name).write_text(text[: found.start(1)] + version + text[found.end(1) :], encoding="utf-8")
    dated = changelog.replace(OPEN, f"{OPEN}\n## {version} ({date.today()})\n")
    (ROOT / CHANGELOG).write_text(dated, encoding="utf-8")


def notes(version: str) -> str:
    """What the changelog says of a version."""
    text = (ROOT / CHANGELOG).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)} .*?\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise Refused(f"{CHANGELOG} has no heading '## {version} (DATE)'")
    return f"Version {version}\n\n{found[1].strip()}\n"


def _match(name: str) -> re.Match[str]:
    found = re.search(PLACES[name], (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise Refused(f"{name} states no version")
    return found


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        sys.exit(f"version.py: {refused}")
