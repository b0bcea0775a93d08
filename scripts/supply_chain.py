"""What the image is made of: its licences, its CycloneDX bill of materials, and known vulnerabilities. Offline.

    python scripts/supply_chain.py licences            a table, from the metadata of the installed packages
    python scripts/supply_chain.py sbom                CycloneDX 1.6, JSON
    python scripts/supply_chain.py audit DATABASE      against an export of OSV for PyPI (its all.zip), and says
                                                       how old that is; without one it says that it could not

The packages are those of requirements-image.lock, so the environment must hold them (`make setup`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-image.lock"
OLD_DAYS = 14
COULD_NOT = 3


@dataclass(frozen=True)
class Package:
    """One pin of the lock. `licence` as its metadata says it; empty when it says nothing."""

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(lock: Path = LOCK) -> list[Package]:
    """The pins that apply on this platform, in the order of the lock."""
    blocks = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [package for block in blocks if block.strip() and (package := _package(block))]


def _package(block: str) -> Package | None:
    found = re.match(r"(\S+?)==(\S+)(?: ; (.+?))? \\", block)
    if not found:
        return None
    name, version, marker = found.groups()
    if marker and not Marker(marker).evaluate():
        return None
    return Package(name, version, tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", block)), licence(name))


def licence(name: str) -> str:
    """SPDX expression, else the classifiers, else the first line of the licence field."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        raise SystemExit(f"{name} is not installed: run `make setup` first") from None
    if "License-Expression" in said:
        return said["License-Expression"]
    classified = [item.rsplit(" :: ", 1)[-1] for item in said.get_all("Classifier") or [] if "License ::" in item]
    if classified:
        return ", ".join(sorted(set(classified)))
    lines = said["License"].strip().splitlines() if "License" in said else []
    return lines[0] if lines else ""


def licences() -> str:
    lines = ["| Package | Version | Licence |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {one.name} | {one.version} | {one.licence} |" for one in packages())])


def sbom(now: datetime.datetime) -> dict[str, Any]:
    """A CycloneDX 1.6 document; its serial number depends on the packages alone."""
    parts = packages()
    seed = "".join(one.purl for one in parts)
    own = {"type": "application", "name": "countersign", "version": metadata.version("countersign")}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "version": 1,
        "metadata": {
            "timestamp": now.isoformat(timespec="seconds"),
            "component": {**own, "bom-ref": "countersign", "licenses": [{"license": {"id": "Apache-2.0"}}]},
        },
        "components": [_component(one) for one in parts],
    }


def _component(package: Package) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.licence:
        entry["licenses"] = [{"license": {"name": package.licence}}]
    # The lock has one hash for each file a platform may take; a component may hold one of a kind only.
    entry["properties"] = [{"name": "countersign:sha256", "value": value} for value in package.hashes]
    return entry


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
    print(licences() if chosen.command == "licences" else json.dumps(sbom(now), indent=1))


if __name__ == "__main__":
    main()
