"""Licences, bill of materials and audit follow from the lock of the image."""

from __future__ import annotations

import datetime
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator

from tests.chart.conftest import script

NOW = datetime.datetime(2030, 1, 15, tzinfo=datetime.UTC)
supply = script("supply_chain")


@pytest.fixture(scope="module")
def parts() -> list[Any]:
    return list(supply.packages())


def test_every_pin_is_in_the_bill(parts: list[Any]) -> None:
    assert {one.name: one.version for one in parts} == supply.pinned()
    assert len(parts) > 40


def test_every_package_says_its_licence(parts: list[Any]) -> None:
    assert [one.name for one in parts if not one.licence] == []


def test_no_licence_asks_for_our_source(parts: list[Any]) -> None:
    strict = re.compile(r"\bA?GPL|Affero|General Public License v", re.IGNORECASE)
    named = {one.name for one in parts if strict.search(one.licence) and not re.search("Lesser|LGPL", one.licence)}
    assert named == set()


def test_the_bill_is_a_cyclonedx_document_whose_references_are_there() -> None:
    bill = supply.sbom()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    references = [item["bom-ref"] for item in bill["components"]]
    assert len(references) == len(set(references))
    named = {to for edge in bill["dependencies"] for to in [edge["ref"], *edge["dependsOn"]]}
    assert named <= {"root-component", *references}
    validator = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(bill)) is None


def export(folder: Path, *records: dict[str, Any], day: int = 10) -> Path:
    """An export in OSV's layout, written on that day of January 2030."""
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for record in records:
            name = zipfile.ZipInfo(f"{record['id']}.json", (2030, 1, day, 0, 0, 0))
            archive.writestr(name, json.dumps(record))
    return path


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {"id": "TEST-1", "summary": "made up", "affected": [{"package": {"name": name}, "ranges": ranges}], **more}


def test_an_advisory_about_a_pinned_version_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = export(tmp_path, advisory("SQLAlchemy", {"introduced": "0"}))
    assert supply.audit(database, NOW) == 1
    assert "TEST-1: made up" in capsys.readouterr().out


@pytest.mark.parametrize(
    "record",
    [
        advisory("sqlalchemy", {"introduced": "0"}, {"fixed": "1.0"}),
        advisory("sqlalchemy", {"introduced": "900"}),
        advisory("sqlalchemy", {"introduced": "0"}, {"last_affected": "1.9"}),
        advisory("another-package", {"introduced": "0"}),
        advisory("sqlalchemy", {"introduced": "0"}, withdrawn="2029-01-01T00:00:00Z"),
    ],
)
def test_an_advisory_about_something_else_is_not(tmp_path: Path, record: dict[str, Any]) -> None:
    assert supply.audit(export(tmp_path, record), NOW) == 0


def test_a_listed_version_is_affected() -> None:
    assert supply.is_affected("1.2", {"versions": ["1.2"]})
    assert not supply.is_affected("1.3", {"versions": ["1.2"]})


def test_an_old_database_is_called_old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    supply.audit(export(tmp_path, advisory("x", {"introduced": "0"})), NOW + datetime.timedelta(days=30))
    assert "35 days old" in capsys.readouterr().err


def test_without_a_database_it_says_that_it_could_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert supply.audit(tmp_path / "missing.zip", NOW) == 3
    assert "not audited" in capsys.readouterr().err
