"""The command line itself: which version it is, what it is for, how a shell completes it."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from services.cli import COMMANDS, EXAMPLES, build
from services.commands import progress

ROOT = Path(__file__).parents[3]


def test_it_says_its_version() -> None:
    assert CliRunner().invoke(build(), ["--version"]).output == f"countersign {version('countersign')}\n"


def test_help_says_what_it_is_for() -> None:
    shown = " ".join(CliRunner().invoke(build(), ["--help"]).output.split())
    assert "AI-suggested findings for radiology reports" in shown
    assert "admin" in shown and "worklist" in shown


def test_a_shell_completes_its_commands() -> None:
    asked = {"_COUNTERSIGN_COMPLETE": "complete_bash", "COMP_WORDS": "countersign mess", "COMP_CWORD": "1"}
    argv = [str(Path(sys.executable).parent / "countersign")]
    done = subprocess.run(argv, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["messages", "message"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_says_what_it_is_for_with_an_example_that_exists(name: str) -> None:
    """The example's command, subcommand and options are there; its help ends with it."""
    given, example = shlex.split(EXAMPLES[name]), EXAMPLES[name]
    assert example.startswith(name) and "--help" not in given
    name = given[0]
    command: Any = get_command(build([name])).commands[name]  # type: ignore[attr-defined]
    words = given[1:]
    if sub := getattr(command, "commands", {}).get(words[0] if words else ""):
        command, words = sub, words[1:]
    assert not getattr(command, "commands", None) or any(word.startswith("--") for word in words)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known
    assert (command.help or command.callback.__doc__ or "").strip()
    asked = (
        [*given[: len(given) - len(words)], "--help"]
        if " " in example and example != EXAMPLES[name]
        else [name, "--help"]
    )
    shown = " ".join(CliRunner().invoke(build([name]), asked, env={"COLUMNS": "200"}).output.split())
    assert f"Example: countersign {example}" in shown


def test_each_command_below_another_has_an_example_of_its_own() -> None:
    for name, sub, _ in _leaves():
        if sub:
            where = [name, sub, "--help"]
            shown = " ".join(CliRunner().invoke(build([name]), where, env={"COLUMNS": "200"}).output.split())
            assert f"Example: countersign {name} {sub}" in shown, (name, sub)


def test_there_is_one_way_to_ask_for_json() -> None:
    """`serve-model --print --format` chooses between a shell's line and a container's arguments."""
    assert {name for name, _, options in _leaves() if "--format" in options} == {"serve-model"}
    assert len([name for name, _, options in _leaves() if "--json" in options]) >= 8


def test_the_handbook_lists_every_command_and_every_exit_code() -> None:
    page = (ROOT / "docs/commands.md").read_text()
    assert [name for name in COMMANDS if f"| `{name}` |" not in page] == []
    used = set()
    for path in (ROOT / "services/commands").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "typer.Exit":
                used |= {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert {code for code in used if isinstance(code, int)} <= listed


def _leaves() -> Iterator[tuple[str, str, set[str]]]:
    for name, command in get_command(build()).commands.items():  # type: ignore[attr-defined]
        for sub, leaf in getattr(command, "commands", {"": command}).items():
            yield name, sub, {option for parameter in leaf.params for option in parameter.opts}


def test_what_takes_long_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.01)
    said: list[str] = []
    end = progress.begin("countersign replay")
    for number in progress.watched([1, 2, 3], "replayed"):
        while not any(f"{number - 1} of 3 replayed" in line for line in said):
            said += capsys.readouterr().err.splitlines()
    end()
    assert [
        line for line in said if not re.fullmatch(r"(countersign replay works|\d of 3 replayed), \d+ s", line)
    ] == []


def test_a_command_whose_work_is_one_long_question_says_that_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that neither runs on nor speaks for itself: here one that waits for a file to be read."""
    monkeypatch.setattr(progress, "SECONDS", 0.01)
    monkeypatch.setattr("services.commands.schema.text_of", lambda _: time.sleep(0.3) or "{}")
    done = CliRunner().invoke(build(["schema"]), ["schema", "senders"])
    assert "countersign schema works, 0 s" in done.stderr and "works" not in done.stdout
    assert not progress._working
