"""`countersign explain`: each statement, and what it became."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from services.commands.explain import explain

APP = typer.Typer()
APP.command()(explain)
TEXT = "HISTORY: Effusion.\nFINDINGS: No pneumothorax. Small left pleural effusion, unchanged."
EXAM = ["--procedure", "XR CHEST", "--modality", "CR", "--body-part", "CHEST"]


def test_a_text_is_taken_apart(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_text(TEXT)
    said = CliRunner().invoke(APP, [str(file), *EXAM]).output

    assert "[history] Effusion.  (history asserts nothing)" in said
    assert '"pneumothorax" absent, by: negated/phrase "No" => pneumothorax: absent' in said
    assert "side: left" in said and "time: unchanged" in said and "=> pleural_effusion: present" in said
    assert "catalogue chest_xray" in said and "pleural_effusion: present, side left" in said


def test_a_line_is_picked_by_its_id(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    exam = {"procedure": "XR CHEST", "modality": "CR"}
    lines = [{"id": 1, "text": "Clear lungs.", **exam}, {"id": "b", "text": "Large right pneumothorax.", **exam}]
    file.write_text("\n".join(map(json.dumps, lines)))

    assert "pneumothorax: present, side right" in CliRunner().invoke(APP, [str(file), "--id", "b"]).output
    missing = CliRunner().invoke(APP, [str(file), "--id", "c"])
    assert missing.exit_code == 2 and "no report of that id" in missing.output


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text("{")
    assert CliRunner().invoke(APP, [str(file)]).exit_code == 2
    assert CliRunner().invoke(APP, [str(tmp_path / "none.txt")]).exit_code == 2
