"""The table for evaluators in docs/worklist.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = {"wl": ROOT / "tests/integration/web", "br": ROOT / "tests/browser"}
NAMED = re.compile(r"`(?P<folder>wl|br)/(?P<file>[\w.]+)`|\*(?P<test>\w+)\*")


def test_every_point_is_held_by_a_test_that_is_there() -> None:
    points, missing = 0, []
    for line in (ROOT / "docs/worklist.md").read_text().splitlines():
        if not re.match(r"\| (\d+|\+) \|", line):
            continue
        points += 1
        missing += [name for name in _named(line.split("|")[-2]) if not name[1]]
    assert points == 32
    assert missing == []


def _named(cell: str) -> list[tuple[str, bool]]:
    """Each test a cell names, and whether it is there; a file named alone counts as one."""
    found, source = [], ""
    for each in NAMED.finditer(cell):
        if each["file"]:
            path = FOLDERS[each["folder"]] / each["file"]
            source = path.read_text() if path.exists() else ""
            found.append((each["file"], bool(source)))
        else:
            found.append((each["test"], re.search(rf"def test_\w*{each['test']}", source) is not None))
    return found
