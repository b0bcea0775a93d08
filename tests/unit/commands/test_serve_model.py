"""`countersign serve-model`: what it shows and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration.sglang.profiles import profile_named
from services.cli import build
from services.commands.serve_model import environment


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["serve-model", *words])
    return result.exit_code, result.stdout, result.stderr


def test_print_shows_the_command_and_the_variables() -> None:
    status, out, _ = run("--profile", "r1-8xh200", "--revision", "abc", "--port", "31000", "--print")
    assert status == 0
    assert out.startswith("HF_HUB_OFFLINE=1 SGLANG_MAX_THINK_TOKENS=4096 python3 -m sglang.launch_server")
    assert "--model-path deepseek-ai/DeepSeek-R1-0528 --revision abc" in out
    assert out.rstrip().endswith("--host 127.0.0.1 --port 31000")


def test_print_without_a_revision_shows_where_it_belongs() -> None:
    status, out, err = run("--print")
    assert status == 0
    assert "--revision REVISION" in out
    assert "that you reviewed and stored" in err


def test_print_as_json_is_what_would_be_run() -> None:
    _, out, _ = run("--profile", "tiny-cpu", "--model-path", "/m", "--print", "--format", "json")
    shown = json.loads(out)
    assert shown["command"][:5] == [sys.executable, "-m", "integration.sglang.tiny.launch", "--model-path", "/m"]
    assert shown["environment"]["SGLANG_USE_CPU_ENGINE"] == "1"


def test_list_names_every_profile_with_its_title() -> None:
    _, out, _ = run("--list")
    assert [line.split()[0] for line in out.splitlines()][:2] == ["r1-8xh200", "r1-8xh200-dp"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--profile", "r2"], "no profile 'r2'"),
        (["--profile", "r1-8xh200"], "needs --revision"),
        (["--profile", "r1-8xh200", "--revision", "abc"], "SGLang is not installed here"),
        (["--profile", "tiny-cpu", "--python", "/no/such/python"], "/no/such/python: No such file"),
    ],
)
def test_what_cannot_be_started_is_one_clear_line(words: list[str], told: str) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_the_status_of_the_server_is_the_commands() -> None:
    assert run("--profile", "tiny-cpu", "--python", "/bin/false")[0] == 1


def test_our_own_launcher_is_found_by_the_python_that_has_sglang() -> None:
    stand_ins, root = environment(profile_named("tiny-cpu"))["PYTHONPATH"].split(":")
    assert (Path(stand_ins) / "sitecustomize.py").exists()
    assert (Path(root) / "integration" / "sglang" / "tiny" / "launch.py").exists()
    assert "PYTHONPATH" not in environment(profile_named("r1-8xh200"))
