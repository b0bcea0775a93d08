"""The doctor tells of each part whether it is well, whatever the others do."""

from __future__ import annotations

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from services.cli import build
from services.doctor import FORGOTTEN, Finding, examine
from services.settings import Broker, Database, Fhir, Mllp, Queue, Settings
from services.store import circuits, jobs, wake_ups

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


@pytest.fixture
def house(database: Database) -> Settings:
    """An installation of which only PostgreSQL is there."""
    return ALONE.model_copy(update={"database": database})


def told(house: Settings) -> dict[str, Finding]:
    return {one.what: one for one in examine(house)}


def ill(house: Settings) -> dict[str, str]:
    """What is wrong inside PostgreSQL; that nothing else is there goes without saying."""
    outside = {"broker", "FHIR server", "MLLP listener"}
    return {what: one.says for what, one in told(house).items() if not one.well and what not in outside}


def test_a_fresh_installation_lacks_only_a_worker(house: Settings) -> None:
    assert list(ill(house)) == ["workers"]
    assert "countersign worker" in ill(house)["workers"]


def test_work_that_nobody_hands_out_points_to_the_relay(house: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        jobs.renew(connection, "one", 4, Queue())
        jobs.add(connection, kind="intake")
        assert wake_ups.forgotten(connection, Queue(), FORGOTTEN) == 0
        connection.execute(text("UPDATE job SET not_before = now() - interval '1 min'"))
    assert list(ill(house)) == ["relay"]
    with engine.begin() as connection:
        wake_ups.take_ready(connection, Queue(), 1, 1)
    assert ill(house) == {}


def test_an_open_circuit_names_its_engine(house: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        jobs.renew(connection, "one", 4, Queue())
        for _ in range(5):
            circuits.failed(connection, "r1", Queue())
    assert ill(house) == {"engine r1": "its circuit is open: readings wait for its server"}


@pytest.mark.parametrize(
    ("setting", "says"),
    [("synchronous_commit = off", "synchronous_commit is off"), ("default_transaction_read_only = on", "read only")],
)
def test_a_database_that_keeps_no_promise_is_named(house: Settings, engine: Engine, setting: str, says: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {house.database.name} SET {setting}"))
    engine.dispose()
    assert says in ill(house)["durability"]


def test_dead_letters_come_with_the_command_that_shows_them(house: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        jobs.renew(connection, "one", 4, Queue())
        jobs.add(connection, kind="intake", state="dead")
    assert ill(house) == {"jobs": "1 dead; `countersign jobs dead` says why, `countersign jobs retry` sends them on"}
