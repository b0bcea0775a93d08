"""An embedded instance: its folder, its ports, its passwords."""

import json
import socket
from pathlib import Path

import pytest

from services.embedded import valkey
from services.embedded.account import EmbeddedError
from services.embedded.instance import environment, load, prepare, usable
from services.settings import load as load_settings
from tests.ports import free_port


def test_a_folder_keeps_its_ports_and_passwords(tmp_path: Path) -> None:
    first = prepare(tmp_path / "data", {})
    assert prepare(tmp_path / "data", {}) == first
    assert load(tmp_path / "data") == first


def test_all_ports_differ_and_are_written_down(tmp_path: Path) -> None:
    prepare(tmp_path, {})
    ports = json.loads((tmp_path / "instance.json").read_text())["ports"]
    assert len(set(ports.values())) == len(ports)
    assert {"mllp", "http", "fhir", "postgres", "valkey", "notify", "health.worker"} <= set(ports)


def test_the_file_with_the_passwords_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    prepare(tmp_path, {})
    assert (tmp_path / "instance.json").stat().st_mode & 0o777 == 0o600


def test_a_wanted_port_is_taken_or_it_fails_with_its_name(tmp_path: Path) -> None:
    port = free_port()
    assert prepare(tmp_path / "a", {"mllp": port}).ports["mllp"] == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(EmbeddedError, match=f"port {port} for mllp cannot be used"):
            prepare(tmp_path / "b", {"mllp": port})


def test_a_wished_port_that_is_taken_is_found_elsewhere(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, free = taken.getsockname()[1], free_port()
        wished = usable({"http": port, "mllp": free})
        assert wished == {"mllp": free}
        assert prepare(tmp_path, wished).ports["http"] != port


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="cannot use the data folder"):
        prepare(tmp_path / "file" / "data", {})


def test_a_folder_without_an_instance_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="countersign up --data"):
        load(tmp_path)


def test_its_environment_is_a_set_of_valid_settings(tmp_path: Path) -> None:
    instance = prepare(tmp_path, {}, demo_login=True)
    settings = load_settings(environment(tmp_path))
    assert settings.mllp.port == instance.ports["mllp"] and settings.worklist.demo_login


def test_the_broker_never_evicts_and_its_password_is_not_on_the_command_line(tmp_path: Path) -> None:
    argv = valkey.command(tmp_path / "valkey", free_port(), "s3cret")
    assert not any("s3cret" in part for part in argv)
    assert "maxmemory-policy noeviction" in (tmp_path / "valkey" / "valkey.conf").read_text()
