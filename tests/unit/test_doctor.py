"""The doctor tells of each part whether it is well, whatever the others do."""

from __future__ import annotations

import pytest
from pydantic import AnyHttpUrl
from typer.testing import CliRunner

from services.cli import build
from services.doctor import examine
from services.settings import Broker, Database, Fhir, Mllp, Settings

NOBODY = 9
ALONE = Settings(
    database=Database(port=NOBODY, connect_timeout=1),
    broker=Broker(port=NOBODY),
    mllp=Mllp(port=NOBODY),
    fhir=Fhir(url=AnyHttpUrl(f"http://127.0.0.1:{NOBODY}/fhir"), timeout=1),
)


def test_every_part_that_is_down_is_named_and_the_files_are_still_read() -> None:
    found = {one.what: one.well for one in examine(ALONE)}
    assert {name for name, well in found.items() if not well} == {
        "PostgreSQL", "broker", "FHIR server", "MLLP listener",
    }  # fmt: skip
    assert found["catalogue and engines.yaml"] is True


def test_an_installation_without_a_listener_is_not_asked_for_one() -> None:
    assert "MLLP listener" not in {one.what for one in examine(ALONE, listener=False)}


@pytest.mark.parametrize(("option", "asked"), [("--listener", True), ("--no-listener", False)])
def test_the_command_says_it_line_by_line_and_ends_with_1(option: str, asked: bool) -> None:
    environment = {"COUNTERSIGN_DATABASE__PORT": "9", "COUNTERSIGN_BROKER__PORT": "9", "COUNTERSIGN_MLLP__PORT": "9"}
    done = CliRunner().invoke(build(["doctor"]), ["doctor", option], env=environment)
    assert done.exit_code == 1
    assert "BAD  PostgreSQL: 127.0.0.1:9" in done.stdout
    assert ("MLLP listener" in done.stdout) is asked
