"""What the image is made of: its licences, its CycloneDX bill of materials, and known vulnerabilities. Offline.

    python scripts/supply_chain.py licences            a table, from that document
    python scripts/supply_chain.py sbom                CycloneDX 1.6, JSON, by cyclonedx-py
    python scripts/supply_chain.py audit DATABASE      against an export of OSV for PyPI (its all.zip), and says
                                                       how old that is; without one it says that it could not

The packages are those of requirements-image.lock, so the environment must hold them (`make setup`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-image.lock"
OLD_DAYS = 14
COULD_NOT = 3


# What these packages' metadata say in words that no tool takes for a licence.
SAID = {"protobuf": "BSD-3-Clause"}


@dataclass(frozen=True)
class Package:
    """One pin of the lock. `licence` as its metadata says it; empty when it says nothing."""

    name: str
    version: str
    licence: str


def pinned(lock: Path = LOCK) -> dict[str, str]:
    """Version of every pin that applies on this platform."""
    found = re.findall(r"^(\S+?)==(\S+)(?: ; (.+?))? \\$", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: version for name, version, marker in found if not marker or Marker(marker).evaluate()}


@cache
def sbom() -> dict[str, Any]:
    """The CycloneDX 1.6 document of the image's packages, made by cyclonedx-py of those installed here."""
    tool = [str(Path(sys.executable).parent / "cyclonedx-py"), "environment", "--output-reproducible", "--short-PURLs"]
    done = subprocess.run(
        [*tool, "--pyproject", str(ROOT / "pyproject.toml"), sys.executable], capture_output=True, text=True, check=True
    )
    bill: dict[str, Any] = json.loads(done.stdout)
    wanted = pinned()
    bill["components"] = [item for item in bill["components"] if wanted.get(_normal(item["name"])) == item["version"]]
    missing = set(wanted) - {_normal(item["name"]) for item in bill["components"]}
    if missing:
        raise SystemExit(f"not installed as pinned: {', '.join(sorted(missing))}; run `make setup-dev` first")
    kept = {"root-component", *(item["bom-ref"] for item in bill["components"])}
    edges = [edge for edge in bill["dependencies"] if edge["ref"] in kept]
    bill["dependencies"] = [
        {**edge, "dependsOn": [to for to in edge.get("dependsOn", []) if to in kept]} for edge in edges
    ]
    for item in bill["components"]:
        if item["name"] in SAID and not item.get("licenses"):
            item["licenses"] = [{"license": {"id": SAID[item["name"]]}}]
    return bill


def packages() -> list[Package]:
    """The packages of the image with their licences."""
    return [Package(_normal(item["name"]), item["version"], licence(item)) for item in sbom()["components"]]


def licence(component: dict[str, Any]) -> str:
    """What a component says of its licence; empty when it says nothing."""
    said = [
        each.get("expression") or each["license"].get("id") or each["license"]["name"]
        for each in component.get("licenses", [])
    ]
    return ", ".join(dict.fromkeys(said))


def licences() -> str:
    lines = ["| Package | Version | Licence |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {one.name} | {one.version} | {one.licence} |" for one in packages())])


@dataclass(frozen=True)
class Advisory:
    """One known vulnerability of one pinned package."""

    package: Package
    id: str
    summary: str


def advisories(database: Path, parts: list[Package]) -> Iterator[Advisory]:
    by_name = {_normal(one.name): one for one in parts}
    with zipfile.ZipFile(database) as archive:
        for entry in archive.namelist():
            record = json.loads(archive.read(entry))
            for affected in record.get("affected", []):
                package = by_name.get(_normal(affected.get("package", {}).get("name", "")))
                if package and not record.get("withdrawn") and is_affected(package.version, affected):
                    yield Advisory(package, record["id"], record.get("summary", ""))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """OSV 1.6: a version is affected when it is listed, or inside a range of kind ECOSYSTEM."""
    if version in affected.get("versions", []):
        return True
    ranges = [item["events"] for item in affected.get("ranges", []) if item.get("type") == "ECOSYSTEM"]
    return any(_inside(version, events) for events in ranges)


def _inside(version: str, events: list[dict[str, str]]) -> bool:
    inside = False
    mine = Version(version)
    for event in events:
        for kind, text in event.items():
            try:
                at = Version("0" if text == "0" else text)
            except InvalidVersion:
                continue
            inside = _after(kind, at, mine, inside)
    return inside


def _after(kind: str, at: Version, mine: Version, inside: bool) -> bool:
    if kind == "introduced" and mine >= at:
        return True
    if kind == "fixed" and mine >= at:
        return False
    return False if kind == "last_affected" and mine > at else inside


def newest(database: Path) -> datetime.datetime:
    """When the export was last written to, by its own records."""
    with zipfile.ZipFile(database) as archive:
        times = [item.date_time for item in archive.infolist()]
    return datetime.datetime(*max(times), tzinfo=datetime.UTC)


def audit(database: Path | None, now: datetime.datetime) -> int:
    """Prints what is known; 0: nothing, 1: something, 3: it could not look."""
    if database is None or not database.exists():
        print("not audited: no database; give the path of an export of OSV for PyPI (all.zip)", file=sys.stderr)
        return COULD_NOT
    age = (now - newest(database)).days
    parts = packages()
    found = list(advisories(database, parts))
    for one in found:
        print(f"{one.package.name} {one.package.version}: {one.id}: {one.summary}")
    print(f"{len(parts)} packages, {len(found)} advisories; the database is {age} days old", file=sys.stderr)
    if age > OLD_DAYS:
        print(f"the database is older than {OLD_DAYS} days: fetch a newer one", file=sys.stderr)
    return 1 if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("licences")
    commands.add_parser("sbom")
    commands.add_parser("audit").add_argument("database", nargs="?", type=Path)
    chosen = parser.parse_args()
    now = datetime.datetime.now(datetime.UTC)
    if chosen.command == "audit":
        raise SystemExit(audit(chosen.database, now))
    print(licences() if chosen.command == "licences" else json.dumps(sbom(), indent=1))


if __name__ == "__main__":
    main()
