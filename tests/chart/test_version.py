"""One version in every place, written, committed and tagged by one script."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.chart.conftest import ROOT, script

version = script("version")
CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Added\n- A thing.\n\n## 0.1.0 (2026-11-26)\n\n- The first.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the files that state a version, and the script."""
    for name in [*version.PLACES, "scripts/version.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    for words in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@b.example"], ["add", "."],
                  ["commit", "-qm", "All"]):  # fmt: skip
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/version.py", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def git(checkout: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True).stdout


def test_this_checkout_states_one_version() -> None:
    assert version.stated()


def test_a_version_is_stated_everywhere_committed_and_tagged_with_its_notes(checkout: Path) -> None:
    assert run(checkout, "12.3.4", "--tag").returncode == 0
    assert run(checkout).stdout == "12.3.4\n"
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "show", "--stat", "--format=", "HEAD").count("|") == len(version.PLACES) + 1
    tag = git(checkout, "tag", "--list", "v12.3.4", "--format=%(contents)")
    assert tag == "Version 12.3.4\n\n### Added\n- A thing.\n\n"
    headings = [line for line in (checkout / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings == ["## Unreleased", f"## 12.3.4 ({date.today()})", "## 0.1.0 (2026-11-26)"]


@pytest.mark.parametrize("said", [["0.2"], ["v0.2.0"], ["0.2.0", "0.3.0"], ["0.1.0"]])
def test_what_cannot_be_a_new_version_changes_nothing(checkout: Path, said: list[str]) -> None:
    done = run(checkout, *said)
    assert done.returncode == 1 and done.stderr.startswith("version.py: ")
    assert git(checkout, "status", "--porcelain") == ""


def test_a_place_that_states_another_is_named(checkout: Path) -> None:
    dockerfile = checkout / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("ARG VERSION=", "ARG VERSION=9"), encoding="utf-8")
    done = run(checkout)
    assert done.returncode == 1 and "Dockerfile 9" in done.stderr


def test_a_changed_checkout_is_not_tagged(checkout: Path) -> None:
    (checkout / "new").touch()
    assert "has changes" in run(checkout, "0.2.0", "--tag").stderr
    assert git(checkout, "tag", "--list") == ""


def published(monkeypatch: pytest.MonkeyPatch, address: str) -> dict[str, Any]:
    """What the build hook says of this checkout; of the build's own library, which is not here, it needs two bases."""
    for kind, base in (("builders.hooks", "BuildHookInterface"), ("metadata", "MetadataHookInterface")):
        module = ModuleType(f"hatchling.{kind}.plugin.interface")
        setattr(module, base, type(base, (), {}))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec and spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    monkeypatch.setenv("PROJECT_URL", address)
    hook, metadata = build.AddressHook(), {"version": "1.2.3"}
    hook.root = str(ROOT)
    hook.update(metadata)
    return metadata


def test_what_is_published_says_where_its_source_is_and_its_links_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made = published(monkeypatch, "https://forge.example/house/countersign/")
    assert made["urls"]["Source"] == "https://forge.example/house/countersign"
    targets = re.findall(r"\]\(([^)#]+)", made["readme"]["text"])
    assert targets and all(each.startswith("https://") for each in targets)
    ours = [re.sub(r"^https://forge\.example/house/countersign/(?:raw|blob)/v1\.2\.3/", "", each) for each in targets]
    assert all((ROOT / each).exists() for each in ours)
    assert {each for each in targets if each.endswith((".svg", ".png", ".gif"))} == {
        each for each in targets if "/raw/" in each
    }


def test_without_an_address_there_is_none_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    made = published(monkeypatch, "")
    assert made["urls"] == {} and made["readme"]["text"] == (ROOT / "README.md").read_text(encoding="utf-8")
