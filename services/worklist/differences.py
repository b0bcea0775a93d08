"""What changed between two versions of a report, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import RowMapping


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either version: kept, added or removed."""

    kind: Literal["kept", "added", "removed"]
    text: str


def between(before: str, after: str, context: int = 1) -> list[Line]:
    """The changed lines with `context` unchanged ones around them; empty where nothing changed."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=context, lineterm=""))[2:]
    kinds: dict[str, Literal["kept", "added", "removed"]] = {" ": "kept", "+": "added", "-": "removed"}
    return [Line(kinds[line[0]], line[1:]) for line in lines if line[:1] in kinds]


def since_previous(versions: Sequence[RowMapping]) -> list[Line]:
    """The newest version of a report against the one before it; `versions` newest first."""
    if len(versions) < 2:
        return []
    return between(versions[1]["text"], versions[0]["text"])
