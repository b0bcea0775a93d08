"""The chart, rendered once a session by the real helm for every values file of ci/."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/countersign"
HOUSES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))

Helm = Callable[..., "subprocess.CompletedProcess[str]"]
Manifest = dict[str, Any]
Rendered = dict[str, list[Manifest]]


def script(name: str) -> ModuleType:
    """A file of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def helm_path() -> Path:
    """The real helm; skips where none can be had, and says why."""
    fetch = script("fetch_helm")
    try:
        found: Path = fetch.tool("helm")
    except fetch.Unavailable as reason:
        pytest.skip(f"no helm: {reason}")
    return found


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Runs helm with the given arguments."""
    path = helm_path()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def rendered(helm: Helm) -> Rendered:
    """Manifests by house: the name of a values file of ci/."""
    return {house: manifests(helm, house) for house in HOUSES}


def rendered_by(helm: Path, house: str, *said: str) -> list[Manifest]:
    """The manifests of one house, some values said besides."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(helm), *arguments], capture_output=True, text=True, check=False)

    return manifests(run, house, *(part for value in said for part in ("--set", value)))


def manifests(helm: Helm, house: str, *more: str) -> list[Manifest]:
    """The manifests of one house as release `cs`, further arguments of `helm template` at the end."""
    done = helm("template", "cs", str(CHART), "-f", str(CHART / f"ci/{house}-values.yaml"), *more)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@pytest.fixture(params=HOUSES)
def house(request: pytest.FixtureRequest) -> str:
    """Each values file of ci/ in turn."""
    return str(request.param)


@pytest.fixture
def objects(rendered: Rendered, house: str) -> list[Manifest]:
    """The manifests of each house in turn."""
    return rendered[house]


def of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    return [item for item in objects if item["kind"] in kinds]


def pods(objects: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(name of its owner, {metadata, spec}) of every pod."""
    for item in objects:
        if item["kind"] == "Pod":
            yield item["metadata"]["name"], item
        elif item["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield item["metadata"]["name"], item["spec"]["template"]
        elif item["kind"] == "CronJob":
            yield item["metadata"]["name"], item["spec"]["jobTemplate"]["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    spec = pod["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether matchLabels (all this chart uses for its own pods) match."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def component(item: Manifest) -> str:
    return str(item["metadata"]["labels"]["app.kubernetes.io/component"])


def find(objects: list[Manifest], kind: str, part: str) -> Manifest:
    """The one object of a kind and component."""
    (found,) = [item for item in of_kind(objects, kind) if component(item) == part]
    return found


def environment(objects: list[Manifest], owner: Manifest, folder: Path) -> dict[str, str]:
    """What a container of ours is started with, each secret's file being a readable one in `folder`."""
    (item,) = containers(owner["spec"]["template"])
    given = {entry["name"]: entry["value"] for entry in item["env"]}
    secret = folder / "secret"
    secret.write_text("test only", encoding="utf-8")
    files = {name: str(secret) for name in given if name.endswith("_FILE")}
    return {**find(objects, "ConfigMap", "settings")["data"], **given, **files}
