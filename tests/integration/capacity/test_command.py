"""`countersign capacity`, as whoever buys the machines runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, text
from typer.testing import CliRunner

from services.cli import build
from services.settings import Database
from services.store import jobs
from services.store.tables import analysis, report_version
from tests import seeding
from tests.databases import environment

READING = {"input_tokens": 1500, "cached_tokens": 800, "reasoning_tokens": 500, "answer_tokens": 140}


def run(*words: object, status: int = 0) -> Any:
    result = CliRunner().invoke(build(["capacity"]), ["capacity", *map(str, words)], env={"COLUMNS": "160"})
    assert result.exit_code == status, result.output
    return result


def planned(*words: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return found


def test_a_house_sees_nodes_waits_and_cost() -> None:
    said = run("--per-day", 2000, "--price", 40).stdout
    assert "1 and 1 spare, 16 GPUs in all" in said
    assert "1,920.00 a day, 960.00 for 1,000 reports" in said
    assert "stat" in said and "routine" in said


def test_arrivals_by_the_hour_and_priority_are_taken_as_given() -> None:
    found = planned("--hour", 10, 20, 70)
    assert (found["reports_a_day"], found["busiest_hour_reports"]) == (2400, 100)
    assert found["classes"]["routine"]["wait"]["reports"] == pytest.approx(1680, rel=0.1)


def test_a_day_from_a_file_and_measured_tokens_and_a_measured_node(tmp_path: Path) -> None:
    (tmp_path / "day.json").write_text(json.dumps({"hours": [[1, 2, 30]] * 24, "senders": [3, 1]}))
    (tmp_path / "tokens.jsonl").write_text('{"input": 1200, "cached": 0, "output": 300}\n' * 3)
    rates = {"source": "a bench", "decode": {"1": 50, "64": 1600}, "prefill": 5000}
    (tmp_path / "node.json").write_text(json.dumps(rates))
    files = (
        "--day",
        tmp_path / "day.json",
        "--tokens",
        tmp_path / "tokens.jsonl",
        "--measured",
        tmp_path / "node.json",
    )
    found = planned("--profile", "llama-3.3-70b-1xh200", *files)
    assert (found["senders"], found["tokens"]["output"], found["decode_full"]) == (2, 300, 1600)
    assert found["reports_an_hour_a_node"] == pytest.approx(3600 / (300 / 1600 + 1200 / 5000))


def test_a_measured_layer_stands_beside_the_arithmetic(tmp_path: Path) -> None:
    part = {"seconds": 1e-3, "bandwidth_share": 0.5, "flop_share": 0.1}
    batch = {"batch": 128, "context": 1800, "attention": part, "mixture": part}
    (tmp_path / "layer.json").write_text(json.dumps({"device": "a GPU", "torch": "2", "batches": [batch]}))
    said = run("--measured", tmp_path / "layer.json").stdout
    assert "layer measured on a GPU" in said
    assert "6,228" in said and "3,114" in said


def test_plan_and_pictures_are_kept_in_a_folder(tmp_path: Path) -> None:
    run("--out", tmp_path / "plan")
    assert {path.name for path in (tmp_path / "plan").iterdir()} == {"plan.json", "day.svg", "answers.svg", "node.svg"}
    assert json.loads((tmp_path / "plan/plan.json").read_text())["nodes"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "llama-3.3-70b-1xh200"), "give --measured FILE"),
        (("--profile", "r1"), "no profile 'r1': there are r1-8xh200"),
        (("--per-day", "0"), "--per-day or --hour must be above zero"),
        (("--cached", "2000"), "--cached 2000 is more than --input 1844"),
        (("--tokens", "/nowhere"), "/nowhere: cannot be read"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(words: tuple[str, ...], said: str) -> None:
    assert said in run(*words, status=2).stderr


@pytest.fixture
def house(engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The command line works on this database."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    return engine


def test_the_busiest_day_and_the_tokens_of_the_database_are_the_measure(house: Engine) -> None:
    with house.begin() as connection:
        for _ in range(5):
            _read(connection, seeding.put(connection))
        connection.execute(
            text("UPDATE report SET priority = 0, created_at = date_trunc('day', now()) - '10 h'::interval")
        )
    found = planned("--observed", 7, "--engine", "r1")
    assert (found["reports_a_day"], found["busiest_hour"], found["senders"]) == (5, 14, 1)
    assert found["tokens"] == {"input": 1500, "cached": 800, "output": 640}
    assert "has read nothing" in run("--observed", 7, "--engine", "other", status=2).stderr


def test_a_house_without_reports_is_told_so(house: Engine) -> None:
    assert "no report came in during the last 7 days" in run("--observed", 7, status=2).stderr


def _read(connection: Connection, report: int) -> None:
    version = connection.scalar(report_version.select().where(report_version.c.report_id == report))
    jobs.add(connection, kind="analysis", version_id=version, sender="RIS")
    values = {"version_id": version, "engine": {"name": "r1"}, "verdicts": [], "usage": READING}
    connection.execute(insert(analysis).values(**values))
