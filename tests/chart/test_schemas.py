"""Every manifest is what Kubernetes and the operators behind the custom resources accept."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tests.chart.conftest import Manifest, Rendered

VERSIONS = ("1.29.0", "1.33.0", "1.37.0")
OWN = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in (Path(__file__).parent / "schemas").glob("*.json")
}


@pytest.fixture(autouse=True)
def schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utils, "schema_contents", cached_schema)


_read: Any = utils.schema_contents


@cache
def cached_schema(filename: str, version: str) -> Any:
    return _read(filename, version)


def distinct(rendered: Rendered) -> dict[str, Manifest]:
    """Every different manifest of all houses; many are the same in several."""
    return {json.dumps(item, sort_keys=True): item for objects in rendered.values() for item in objects}


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_every_manifest(rendered: Rendered, version: str) -> None:
    checked = 0
    for item in distinct(rendered).values():
        if item["kind"] not in OWN:
            kubernetes_validate.validate(item, version, strict=True)
            checked += 1
    assert checked > 100


def test_custom_resources_keep_to_their_schemas(rendered: Rendered) -> None:
    seen = set()
    for item in distinct(rendered).values():
        if item["kind"] in OWN:
            jsonschema.validate(item, OWN[item["kind"]])
            seen.add(item["kind"])
    assert seen == set(OWN), "a schema without a manifest proves nothing"


def test_a_wrong_manifest_would_be_noticed(rendered: Rendered) -> None:
    deployment = next(item for item in rendered["trial"] if item["kind"] == "Deployment")
    wrong = json.loads(json.dumps(deployment))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)
