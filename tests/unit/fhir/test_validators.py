"""Two independent validators read one complete example of every resource we write."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import fhirkit
import pytest
from pyrofile_validator import Validator
from pyrofile_validator.config import ValidatorConfig

from integration.fhir.examples import resources
from integration.fhir.systems import Json
from scripts.fetch_fhir_definitions import Unavailable, definitions

EXAMPLES = resources()

# Every message that is not an error of ours, with its reason (docs/fhir.md lists the same).
EXPECTED = {
    # AIAST is newer than the code system packaged with R4.
    ("terminology.code-system", "meta.security[0]"),
    ("terminology.extensible", "meta.security[0]"),
    ("terminology.code-system", "reason[0].coding[0]"),
    ("terminology.extensible", "reason[0]"),
    ("profile.element.binding.extensible", "reason"),
    # The extension and the profiles belong to guides that are not part of the R4 package.
    ("extension.unknown", "extension[0]"),
    ("profile.unknown", "meta.profile"),
    # This validator does not see value[x] in Task.output nor the extensions of a primitive (_payload).
    ("cardinality.min", "output[0].value[x]"),
    ("element.unknown", "channel._payload"),
    # Good practice, not a rule: we write no narrative, since all content is in elements.
    ("invariant.dom-6", ""),
    # Announces that elements which modify meaning (status, intent) are there; they must be.
    ("modifierExtension.present", "status"),
    ("modifierExtension.present", "intent"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_fhirkit_finds_nothing_to_say(name: str) -> None:
    assert [str(issue) for issue in fhirkit.validate(EXAMPLES[name])] == []


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    try:
        folder = definitions()
    except Unavailable as reason:
        pytest.skip(f"no R4 definitions for pyrofile: {reason}")
    return Validator(ValidatorConfig.load_dict(_config(folder, tmp_path_factory.mktemp("pyrofile"))))


def _config(folder: Path, scratch: Path) -> Json:
    return {
        "fhirVersion": "4.0.1",
        "terminology": {"mode": "local"},
        "localPackagePaths": [str(folder)],
        "evidenceOutputDir": str(scratch / "evidence"),
        "packageCacheDir": str(scratch / "cache"),
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_pyrofile_with_the_r4_definitions_finds_only_what_is_listed(validator: Validator, name: str) -> None:
    assert _messages(validator, EXAMPLES[name]) - EXPECTED == set()


def test_pyrofile_does_find_a_status_that_is_not_in_the_specification(validator: Validator) -> None:
    broken = {**EXAMPLES["Observation, final"], "status": "bogus"}
    found = {path for _, path in _messages(validator, broken) - EXPECTED}
    assert "status" in found


def _messages(validator: Validator, resource: Json) -> set[tuple[str, str]]:
    """(code, path below the resource type) of every issue."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        issues: list[dict[str, Any]] = validator.validate_resource(resource).to_dict()["issues"]
    prefix = str(resource["resourceType"])
    return {(issue["code"], issue["path"].removeprefix(prefix).removeprefix(".")) for issue in issues}
