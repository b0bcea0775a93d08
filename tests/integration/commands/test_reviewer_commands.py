"""`countersign reviewers`, `calibration` and `training` as an operator types them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from services.cli import build
from services.evaluation import calibration
from services.settings import Database
from services.store import purpose
from services.store.tables import audit, exercise
from tests.databases import environment
from tests.decided import Decided, person, put

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(build([arguments[0]]), list(arguments))


def test_reviewers_figures_as_csv(run: Run, engine: Engine) -> None:
    with engine.begin() as connection:
        put(connection, Decided(second="present"))
        put(connection, Decided(state="rejected", reason="negated", second="absent"))
    table = list(csv.DictReader(io.StringIO(run("reviewers", "--by", "finding,engine", "--csv").stdout)))
    assert [(row["finding"], row["engine"], row["decided"], row["acceptance"]) for row in table] == [
        ("pneumonia", "house", "2", "0.500")
    ]
    assert "kappa 1.00 over 2 findings" in run("reviewers").stdout
    assert run("reviewers", "--by", "weather").exit_code == 2


def test_a_calibration_has_somebody_who_answers_for_it(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "FEWEST_PAIRS", 20)
    with engine.begin() as connection:
        person(connection, "Ada Admin", ("administrator",))
        person(connection, "Rita", ("signer",))
        for at in range(20):
            put(connection, Decided(confidence=1.0, second="present" if at % 2 else "absent"))
    assert run("calibration", "fit", "--by", "Rita").exit_code == 2
    fitted = run("calibration", "fit", "--by", "Ada Admin")
    assert (fitted.exit_code, "version 1: 2 curves" in fitted.stdout) == (0, True), fitted.output
    assert "pneumonia" in run("calibration", "list").stdout
    gone = run("calibration", "retire", "--engine", "house", "--model", "house-70b", "--by", "Ada Admin")
    assert "2 curves taken out of use" in gone.stdout
    with engine.connect() as connection:
        trail = connection.execute(select(audit.c.action, audit.c.actor).order_by(audit.c.id)).all()
    assert [row.action for row in trail] == ["calibration.fit", "calibration.retire"]
    assert all(row.actor.startswith("account/") for row in trail)


def test_nothing_is_changed_where_too_few_were_read_twice(run: Run, engine: Engine) -> None:
    with engine.begin() as connection:
        person(connection, "Ada Admin", ("administrator",))
        put(connection, Decided(confidence=1.0, second="present"))
    refused = run("calibration", "fit", "--by", "Ada Admin")
    assert (refused.exit_code, "1 pairs, 1 agreed" in refused.output) == (2, True)


def test_exercises_go_into_a_training_database_alone(run: Run, engine: Engine) -> None:
    refused = run("training", "seed", "--reports", "2")
    assert (refused.exit_code, "no training instance" in refused.output) == (2, True)
    with engine.begin() as connection:
        purpose.claim(connection, training=True)
    done = run("training", "seed", "--reports", "2", "--wrong", "1")
    assert "2 reports, 2 of them with something wrong" in done.stdout
    assert run("training", "results", "--by", "reader").exit_code == 0
    with engine.connect() as connection:
        assert connection.scalars(select(exercise.c.kind)).all()
