"""An upgrade from any released chart, with the values it was installed with, changes nothing that cannot be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Helm, Manifest, manifests
from tests.chart.releases import KEPT, fixed_for_life

INSTALLED = sorted(path for path in KEPT.glob("*/*.json"))
VERSION = str(yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["version"])


def as_upgraded(kept: Path) -> dict[str, Any]:
    """The values a house was installed with, and over them what UPGRADING.md tells it to change; null takes out."""
    values: dict[str, Any] = yaml.safe_load(kept.with_name(f"{kept.stem}-values.yaml").read_text(encoding="utf-8"))
    told = kept.parent / f"upgrade/{kept.stem}.yaml"
    return laid_over(values, yaml.safe_load(told.read_text(encoding="utf-8"))) if told.exists() else values


def laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        merged[key] = laid_over(below.get(key, {}), value) if isinstance(value, dict) else value
    return {key: value for key, value in merged.items() if value is not None}


@pytest.mark.parametrize("kept", INSTALLED, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_names_selectors_and_volumes_of_every_released_version_are_kept(helm: Helm, kept: Path, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(as_upgraded(kept)), encoding="utf-8")
    done = helm("template", "cs", str(CHART), "-f", str(values), "--is-upgrade")
    assert done.returncode == 0, done.stderr
    now = fixed_for_life([item for item in yaml.safe_load_all(done.stdout) if item])
    before = json.loads(kept.read_text(encoding="utf-8"))
    assert {name: now.get(name) for name in before} == before


def test_this_version_comes_after_a_kept_one_and_says_what_changed() -> None:
    versions = {path.parent.name for path in INSTALLED}
    assert versions and VERSION not in versions
    assert f"## {VERSION}\n" in (CHART / "UPGRADING.md").read_text(encoding="utf-8")


def test_a_change_of_settings_changes_nothing_fixed(helm: Helm, house: str, objects: list[Manifest]) -> None:
    upgraded = manifests(helm, house, "--is-upgrade", "--set", "telemetry.level=debug")
    assert fixed_for_life(objects) == fixed_for_life(upgraded)
