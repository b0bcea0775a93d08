"""docs/map.md names every file of services/ and integration/, and none that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import code_map


def test_the_map_is_what_the_files_say() -> None:
    assert code_map.MAP.read_text("utf-8") == "\n".join(code_map.lines()) + "\n", "run python scripts/code_map.py"


def test_every_python_file_is_named_and_no_other() -> None:
    page, folder, named = code_map.MAP.read_text("utf-8"), "", set()
    for line in page.splitlines():
        folder = line.removeprefix("## ").rstrip("/") if line.startswith("## ") else folder
        if row := re.match(r"\| `([^`]+\.py)` \| .+ \|$", line):
            named.add(f"{folder}/{row[1]}")
    there = {
        name
        for name in code_map.tracked()
        if name.endswith(".py") and not name.endswith("__init__.py") and "/versions/" not in name
        and not name.startswith("services/samples/")
    }  # fmt: skip
    assert named == there
    assert len(named) > 400


@pytest.mark.parametrize("begins", ["", '"""A page."""\n', "x = 1\n"])
def test_a_file_that_does_not_say_what_it_is_for_is_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: str
) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services/odd.py").write_text(begins)
    monkeypatch.setattr(code_map, "ROOT", tmp_path)
    with pytest.raises(code_map.Unnamed, match=r"services/odd\.py"):
        code_map.purpose("services/odd.py")


def test_the_command_says_where_a_file_is_missing_from_the_map(tmp_path: Path) -> None:
    stray = Path("services/workflow/stray_of_a_test.py")
    stray.write_text('"""A file that nobody put on the map yet."""\n')
    try:
        done = subprocess.run([sys.executable, "scripts/code_map.py", "--check"], capture_output=True, text=True)
    finally:
        stray.unlink()
    assert done.returncode == 1
    assert "stale" in done.stderr
