"""`countersign evaluate` as an analyst runs it: two endpoints and the rules, killed half way, resumed, compared.

The endpoints repeat recorded answers of a model with random weights (recorded.py): what is proved here is the
mechanics, and no figure of theirs means anything.
"""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.commands.evaluate import app
from services.evaluation import result as evaluation
from tests.integration.evaluation.recorded import Recorded, labelled_lines, recorded_server

REPORTS = 8
WORKERS = 4
"""Reports asked at once: the default of the command."""
HALF = 14
"""Answers after which the server falls silent and the run is killed."""


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    with recorded_server() as server:
        yield server


@pytest.fixture(scope="module")
def folder(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of eight reports and both engines."""
    made = tmp_path_factory.mktemp("evaluation")
    (made / "set.jsonl").write_text("\n".join(labelled_lines()[:REPORTS]) + "\n", "utf-8")
    (made / "engines.yaml").write_text(recorded.engines_yaml, "utf-8")
    return made


def _files(folder: Path, out: str) -> list[str]:
    files = ["--data", str(folder / "set.jsonl"), "--engines", str(folder / "engines.yaml"), "--resamples", "200"]
    return [*files, "--out", str(folder / out)]


def _run(*arguments: str) -> Result:
    """The command in this process: another start of Python proves nothing more."""
    return CliRunner().invoke(app, arguments)


@dataclass(frozen=True)
class Resumed:
    """What came of a run that was killed and started again, and what the server was asked in each part."""

    result: evaluation.Result
    before: list[tuple[bool, str]]
    after: list[tuple[bool, str]]


@pytest.fixture(scope="module")
def resumed(recorded: Recorded, folder: Path) -> Resumed:
    recorded.silent_after = HALF
    command = [Path(sys.executable).with_name("countersign"), "evaluate", *_files(folder, "out")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
    assert recorded.silent.wait(120)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before, recorded.silent_after = recorded.asked.copy(), None
    recorded.asked.clear()
    recorded.released.set()
    again = _run(*_files(folder, "out"))
    assert again.exit_code == 0, again.output
    return Resumed(evaluation.read_result(folder / "out" / "results.json"), before, recorded.asked.copy())


def test_a_killed_run_goes_on_where_it_was_and_asks_nothing_twice(resumed: Resumed) -> None:
    """The kill cuts off what is being asked, at most one report a worker: every other answer was kept."""
    kept = set(resumed.before) - set(resumed.after)

    assert [engine.name for engine in resumed.result.engines] == ["rules", "random-thinking", "random-budget"]
    assert len(set(resumed.before)) - len(kept) <= WORKERS
    assert kept
    assert len(set(resumed.before) | set(resumed.after)) == 2 * REPORTS


def test_failed_readings_are_counted_and_stop_nothing(resumed: Resumed) -> None:
    rules, thinking, budget = resumed.result.engines

    assert thinking.costs.asked == budget.costs.asked == REPORTS
    assert sum(budget.costs.failures.values()) > 0
    assert budget.figures.failed == 2 * sum(budget.costs.failures.values())
    assert thinking.costs.tokens.input > 1000 and thinking.costs.per_1000
    assert rules.figures.macro_f1.value > 0.8
    assert len(resumed.result.pairs) == 3


def test_the_same_command_again_asks_nobody_and_writes_the_same_bytes(
    resumed: Resumed, recorded: Recorded, folder: Path
) -> None:
    files = ("results.json", "report.html", "report.md", "errors.csv")
    before = [(folder / "out" / name).read_bytes() for name in files]
    recorded.asked.clear()

    assert _run(*_files(folder, "out")).exit_code == 0
    assert recorded.asked == []
    assert [(folder / "out" / name).read_bytes() for name in files] == before


def test_another_parameter_asks_that_engine_anew_and_the_comparison_says_so(
    resumed: Resumed, recorded: Recorded, folder: Path
) -> None:
    before = folder / "before.json"
    before.write_bytes((folder / "out" / "results.json").read_bytes())
    text = recorded.engines_yaml.replace("thinking_budget: 3\n", "thinking_budget: 3\n    max_tokens: 4096\n")
    (folder / "other.yaml").write_text(text, "utf-8")
    recorded.asked.clear()

    changed = _run(*_files(folder, "out"), "--engines", str(folder / "other.yaml"))
    assert changed.exit_code == 0, changed.output
    assert recorded.asked
    told = _run("compare", str(before), str(folder / "out" / "results.json"))
    assert told.exit_code == 0
    assert "parameters: " in told.stdout and "4096" in told.stdout
    assert told.stdout.count("Nothing got worse.") == 3


def test_a_gate_that_does_not_hold_ends_with_status_1(folder: Path, resumed: Resumed) -> None:
    blocked = _run(*_files(folder, "out"), "--gate", "release")

    assert blocked.exit_code == 1
    assert "blocked: random-budget: failed" in blocked.stderr
    assert "blocked: rules" not in blocked.stderr


def test_worse_than_before_ends_with_status_1(folder: Path, resumed: Resumed, tmp_path: Path) -> None:
    good = folder / "out" / "results.json"
    result = json.loads(good.read_text())
    for report in result["labels"]:
        report["said"]["rules"] = report["said"]["rules"].translate(str.maketrans("pa", "ap"))
    (tmp_path / "worse.json").write_text(json.dumps(result))

    told = _run("compare", str(good), str(tmp_path / "worse.json"), "--engine", "rules", "--gate", "release")
    assert told.exit_code == 1
    assert "Worse" in told.stdout and "blocked: rules: polarity_flips rose" in told.stderr


def test_what_was_wrong_is_in_a_file_and_in_no_result(folder: Path, resumed: Resumed) -> None:
    with (folder / "out" / "errors.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert {row["engine"] for row in rows} >= {"random-thinking", "random-budget"}
    assert rows[0]["report"] not in (folder / "out" / "results.json").read_text()


def test_an_endpoint_outside_the_house_gets_no_report_that_may_be_a_patients(recorded: Recorded, folder: Path) -> None:
    (folder / "away.yaml").write_text(recorded.engines_yaml.replace("local: true", "local: false"), "utf-8")
    clinical = folder / "clinical.jsonl"
    clinical.write_text((folder / "set.jsonl").read_text().replace('"origin":"synthetic"', '"origin":"deidentified"'))
    recorded.asked.clear()

    told = _run("--data", str(clinical), "--engines", str(folder / "away.yaml"))
    assert told.exit_code == 2
    assert "patients' reports may not leave" in told.stderr
    assert recorded.asked == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--data", "/nowhere.jsonl"], "No such file"),
        (["--engine", "r2"], "no engine 'r2'"),
        (["--engines", "/nowhere.yaml"], "cannot be read"),
        (["--gate", "/nowhere.yaml"], "`release` comes along"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said_with_status_2(more: list[str], told: str) -> None:
    found = _run(*more)

    assert (found.exit_code, told in found.stderr) == (2, True), found.output


def test_repeats_ask_anew_keep_what_was_asked_and_say_the_spread(
    resumed: Resumed, recorded: Recorded, folder: Path
) -> None:
    recorded.asked.clear()
    found = _run(*_files(folder, "out"), "--repeats", "2")
    assert found.exit_code == 0, found.output
    assert {report for _, report in recorded.asked}, "the second time is asked"
    assert len(recorded.asked) < 4 * len(resumed.before + resumed.after), "and the first is not"
    result = json.loads((folder / "out" / "results.json").read_text())
    assert [len(engine["repeats"]) for engine in result["engines"]] == [2, 2, 2]
    assert "Repeats" in found.stdout
    recorded.asked.clear()
    assert _run(*_files(folder, "out"), "--repeats", "2").exit_code == 0
    assert recorded.asked == []


def test_a_sweep_of_budgets_asks_a_model_with_each(recorded: Recorded, folder: Path) -> None:
    engine = ("--engine", "random-budget", "--budget", "3", "--budget", "2048")
    found = _run(*_files(folder, "sweep"), *engine)
    assert found.exit_code == 0, found.output
    result = json.loads((folder / "sweep" / "results.json").read_text())
    assert [each["name"] for each in result["engines"]] == ["random-budget-think-3", "random-budget-think-2048"]
    assert "Models side by side" in (folder / "sweep" / "report.html").read_text()
    shown = _run("table", str(folder / "sweep" / "results.json"))
    assert shown.exit_code == 0
    assert "| DeepSeek-R1 | 20 Jan 2025 | 671B, 37B active |" in shown.stdout
    assert "On these 8 reports random-budget-think-2048 is worse than random-budget-think-3" in shown.stdout
