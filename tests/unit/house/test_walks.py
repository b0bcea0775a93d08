"""The three walks of docs/architecture.md name functions that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path("docs/architecture.md").read_text("utf-8")
WALKS = re.findall(r"^\| (an inbound frame|a Sign|a model's answer) \| (.*) \|$", PAGE, re.M)


def there(named: str) -> bool:
    """Whether a file of that name, in that folder where one is named, has that function or method."""
    *folders, function = named.split(".")
    owner = folders.pop() if folders[-1][0].isupper() else ""
    tail = "/".join(folders) or "run"
    files = [each for each in Path("services").rglob("*.py") if str(each.with_suffix("")).endswith(f"/{tail}")]
    wanted = rf"^\s*(async )?def {function}\(" if not owner else rf"class {owner}\b[\s\S]*def {function}\("
    imported = rf"^from services\.workflow\.\w+ import .*\b{function}\b"
    return any(re.search(f"{wanted}|{imported}", each.read_text("utf-8"), re.M) for each in files)


def test_there_are_three_walks() -> None:
    assert len(WALKS) == 3


@pytest.mark.parametrize(("walk", "steps"), WALKS)
def test_every_step_of_a_walk_is_a_function(walk: str, steps: str) -> None:
    named = [
        each for each in re.findall(r"`([\w.]+)`", steps) if each.count(".") and each.split(".")[-1] != "reviewing"
    ]
    modules = {"processes.listener.connection", "dispatch.queue"}
    assert len(named) >= 7
    assert [each for each in named if each not in modules and not there(each)] == []
