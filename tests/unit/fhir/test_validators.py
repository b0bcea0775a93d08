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

from integration.fhir.systems import Json
from scripts.fetch_fhir_definitions import Unavailable, definitions
from tests.fhir_examples import resources

EXAMPLES = resources()

# Every message that is not an error of ours, with its reason in the words of docs/fhir-resources.md.
NEWER = "the code is newer than the packaged R4 terminology"
GUIDES = "they belong to guides outside the R4 package"
BLIND = "pyrofile sees neither; fhirkit reads both"
EXPECTED = {
    ("terminology.code-system", "meta.security[0]"): NEWER,
    ("terminology.extensible", "meta.security[0]"): NEWER,
    ("terminology.code-system", "reason[0].coding[0]"): NEWER,
    ("terminology.extensible", "reason[0]"): NEWER,
    ("profile.element.binding.extensible", "reason"): NEWER,
    ("extension.unknown", "extension[0]"): GUIDES,
    ("profile.unknown", "meta.profile"): GUIDES,
    ("cardinality.min", "output[0].value[x]"): BLIND,
    ("element.unknown", "channel._payload"): BLIND,
    ("invariant.dom-6", ""): "all content is in elements; none is written",
    ("modifierExtension.present", "status"): "`status` and `intent` always are",
    ("modifierExtension.present", "intent"): "`status` and `intent` always are",
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
    assert _messages(validator, EXAMPLES[name]) - EXPECTED.keys() == set()


def test_no_message_is_excused_that_is_not_given_and_every_reason_is_on_the_page(validator: Validator) -> None:
    given = set().union(*(_messages(validator, each) for each in EXAMPLES.values()))
    assert EXPECTED.keys() - given == set()
    page = (Path(__file__).parents[3] / "docs" / "fhir-resources.md").read_text()
    assert [reason for reason in EXPECTED.values() if f"| {reason} |" not in page] == []


def test_pyrofile_does_find_a_status_that_is_not_in_the_specification(validator: Validator) -> None:
    broken = {**EXAMPLES["Observation, final"], "status": "bogus"}
    found = {path for _, path in _messages(validator, broken) - EXPECTED.keys()}
    assert "status" in found


def _messages(validator: Validator, resource: Json) -> set[tuple[str, str]]:
    """(code, path below the resource type) of every issue."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        issues: list[dict[str, Any]] = validator.validate_resource(resource).to_dict()["issues"]
    prefix = str(resource["resourceType"])
    return {(issue["code"], issue["path"].removeprefix(prefix).removeprefix(".")) for issue in issues}
