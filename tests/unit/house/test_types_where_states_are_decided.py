"""Rows without types end at the store's door: what of them stands in signatures is counted, and may not grow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# Where the states of a report are decided, and what is shown of them.
FOLDERS = ("domain", "store", "workflow", "actions", "web/views")
LOOSE = re.compile(r"\b(RowMapping|Any)\b")
MOST = 20


def signatures(folder: str) -> Iterator[tuple[str, str]]:
    """(place, parameters and result) of every function."""
    for file in sorted(Path("services", folder).rglob("*.py")):
        if "migrations" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                result = ast.unparse(node.returns) if node.returns else ""
                yield f"{file}:{node.lineno} {node.name}", f"{ast.unparse(node.args)} -> {result}"


def test_few_signatures_take_or_give_rows_or_anything() -> None:
    found = [place for folder in FOLDERS for place, said in signatures(folder) if LOOSE.search(said)]
    assert len(found) <= MOST, "\n".join(found)


def test_where_a_report_is_decided_there_is_none() -> None:
    said = dict(each for folder in ("domain", "workflow", "actions") for each in signatures(folder))
    assert len(said) > 250
    assert [place for place, words in said.items() if LOOSE.search(words)] == []
