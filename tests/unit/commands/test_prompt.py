"""`countersign prompt`: what it prints is what a server would be sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import build

ENGINES = """
engines:
  - {name: r1, url: "http://sglang:30000/v1", model: deepseek-r1, local: true, thinking_budget: 64, api_key_env: NO_KEY}
  - {name: v3, url: "http://sglang:30000/v1", model: deepseek-v3, local: true, system_prompt: true}
"""
REPORT = "FINDINGS: No pneumothorax. Small left effusion."


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "engines.yaml").write_text(ENGINES)
    (tmp_path / "report.txt").write_text(REPORT)
    monkeypatch.setenv("COUNTERSIGN_CONFIG_DIR", str(tmp_path))
    return tmp_path


def run(house: Path, *options: str, code: int = 0) -> str:
    result = CliRunner().invoke(build(["prompt"]), ["prompt", str(house / "report.txt"), *options])
    assert result.exit_code == code, result.output
    return result.output


def test_the_body_of_the_request_is_printed_as_it_would_be_sent_and_no_key_is_needed(house: Path) -> None:
    body = json.loads(run(house, "--engine", "r1", "--modality", "CR", "--procedure", "XR chest 2 views"))
    assert (body["model"], body["custom_params"]) == ("deepseek-r1", {"thinking_budget": 64})
    (message,) = body["messages"]
    assert REPORT in message["content"]
    assert "Exam: modality CR; procedure XR chest 2 views\n" in message["content"]
    assert "pneumothorax" in body["response_format"]["json_schema"]["schema"]["properties"]["findings"]["properties"]


def test_the_words_alone_are_for_a_person(house: Path) -> None:
    said = run(house, "--engine", "v3", "--text")
    assert said.startswith("[system]\nYou read one radiology report")
    assert f"BEGIN]]\n{REPORT}\n[[REPORT" in said.partition("[user]")[2]


def test_an_exam_of_two_regions_is_two_requests(house: Path) -> None:
    said = run(house, "--engine", "r1", "--modality", "CT", "--procedure", "CT chest abdomen pelvis", "--text")
    assert said.count("[user]") == 2


def test_the_rules_engine_asks_nobody(house: Path) -> None:
    assert "name a model of engines.yaml" in run(house, code=2)
    assert "no engine 'r2': there are rules, r1, v3" in run(house, "--engine", "r2", code=2)
