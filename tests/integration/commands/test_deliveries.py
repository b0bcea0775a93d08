"""An operator sees what was refused, and sends it again or lets it go."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, select, update
from typer.testing import CliRunner

from services.cli import build
from services.settings import Database
from services.store import deliveries
from services.store.tables import delivery, report_version
from tests import seeding
from tests.databases import environment


@pytest.fixture
def refused(engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch) -> int:
    """A delivery the interface engine answered AR; the command line works on its database."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    with engine.begin() as connection:
        return _refused(connection)


def _refused(connection: Connection) -> int:
    report_id = seeding.put(connection)
    version = connection.scalars(select(report_version.c.id).where(report_version.c.report_id == report_id)).one()
    number = deliveries.add(
        connection, site_id="default", kind="oru", report_id=report_id, version_id=version, destination="engine:2575"
    )
    values = {"state": "dead", "reason": "answered AR"}
    connection.execute(update(delivery).where(delivery.c.id == number).values(**values))
    return number


def run(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(build(["deliveries"]), ["deliveries", *map(str, words)], env={"COLUMNS": "200"})
    assert result.exit_code == status, result.output
    return result.stdout


def state(engine: Engine, number: int) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(select(delivery.c.state).where(delivery.c.id == number)))


def test_what_was_refused_is_listed_with_its_reason(refused: int) -> None:
    assert "answered AR" in run("list") and "answered AR" not in run("list", "--state", "sent")


def test_retried_it_waits_again(refused: int, engine: Engine) -> None:
    assert "1 of 1 changed" in run("retry", refused)
    assert state(engine, refused) == "pending"


def test_dismissed_it_holds_nothing_up(refused: int, engine: Engine) -> None:
    run("dismiss", refused, "--reason", "the engine does not file it")
    assert state(engine, refused) == "blocked"
    run("dismiss", refused, status=1)
