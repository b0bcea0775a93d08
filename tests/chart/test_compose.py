"""compose.yaml is valid, runs the supervisor's processes, and is open on loopback alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec.models import ComposeSpecification

from services.cli import build
from services.embedded.instance import PROCESSES
from services.settings import PREFIX, describe, load
from tests.chart.conftest import ROOT

FILE = ROOT / "compose.yaml"
TEXT = FILE.read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [*PROCESSES, "migrate"]


def test_it_keeps_to_the_compose_specification() -> None:
    plain = {key: value for key, value in COMPOSE.items() if not key.startswith("x-")}
    assert set(ComposeSpecification.model_validate(plain).services or {}) == set(SERVICES)


def test_dclint_has_no_complaint() -> None:
    if not shutil.which("npm"):
        pytest.skip("dclint runs on node, and there is no npm here")
    dclint = ROOT / ".cache/tools/dclint"
    options = ["--prefix", str(dclint), "--no-save", "--no-audit", "--no-fund", "--silent"]
    if not (dclint / "node_modules/.bin/dclint").exists():
        dclint.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", *options, "dclint@3.1.0"], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"dclint could not be installed: {done.stderr.strip()[-200:]}")
    command = [str(dclint / "node_modules/.bin/dclint"), "--config", "deploy/compose/dclint.yaml", "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0 and "warning" not in done.stdout, done.stdout


def test_it_runs_the_processes_of_the_supervisor_by_the_same_commands() -> None:
    known = {command.name or command.callback.__name__ for command in build().registered_commands if command.callback}
    for name in OURS:
        assert SERVICES[name]["command"] == [name]
        assert name in known


@pytest.mark.parametrize("name", OURS)
def test_every_process_would_start_with_its_settings(name: str, tmp_path: Path) -> None:
    variables = {key: plain(value) for key, value in SERVICES[name]["environment"].items()}
    secret = tmp_path / "secret"
    secret.write_text("test only", encoding="utf-8")
    files = {key: str(secret) for key in variables if key.endswith("_FILE")}
    chosen = load({**variables, **files})
    assert chosen.database.host == "postgresql"
    assert chosen.database.password.get_secret_value() == "test only"
    assert {key.removesuffix("_FILE") for key in variables} <= {each.name for each in describe()}


def plain(value: str) -> str:
    """`${NAME:-default}` as compose reads it without an environment."""
    start = value.find("${")
    if start < 0:
        return value
    end = value.index("}", start)
    return value[:start] + value[start:end].partition(":-")[2] + value[end + 1 :]


def test_one_service_alone_builds_the_image_the_others_use() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]
    assert {SERVICES[name]["image"] for name in OURS} == {"${IMAGE:-countersign:local}"}


def test_every_file_a_variable_names_is_a_secret_of_the_service() -> None:
    for name in OURS:
        for key, value in SERVICES[name]["environment"].items():
            if key.startswith(PREFIX) and key.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]


def test_no_secret_is_written_down() -> None:
    assert all(entry["file"].startswith("./secrets/") for entry in COMPOSE["secrets"].values())
    script = (ROOT / "scripts/compose_secrets.sh").read_text(encoding="utf-8")
    assert all(name in script for name in COMPOSE["secrets"])
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == 6
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_what_holds_reports_has_no_way_out() -> None:
    assert COMPOSE["networks"]["internal"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if "published" in service["networks"]}
    assert outside == {"listener", "worklist", "fhir", "identity", "prometheus", "grafana"}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_waits_for_what_it_needs_and_is_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert "migrate" not in service["depends_on"], "podman before 4.6 starts nothing that depends on an ended container"
    assert service["depends_on"]["postgresql"] == {"condition": "service_healthy"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_what_is_waited_for_as_healthy_has_a_healthcheck() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[name]["healthcheck"]


def test_mounted_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/compose_secrets.sh", tmp_path / "scripts")
    run = ["sh", str(tmp_path / "scripts/compose_secrets.sh")]
    subprocess.run(run, check=True)
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(run, check=True)
    assert first == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(first) >= set(COMPOSE["secrets"])
    assert len(set(first.values())) == len(first)
    assert all(len(value) == 64 for value in first.values())
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
