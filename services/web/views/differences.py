"""What changed between two versions of a report: the lines it happened in, and in them the words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kept", "added", "removed"]
WORDS = re.compile(r"\w+|\s+|[^\w\s]")
# Lines less alike than this were written anew: word by word they could not be read.
ALIKE = 0.4


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of either version: in both, only in the new one, only in the old one."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Some lines of a report. `kind` is that of all its pieces, "changed" where they differ."""

    kind: Literal["kept", "added", "removed", "changed"]
    pieces: tuple[Piece, ...]


def between(before: str, after: str, context: int = 1) -> list[Passage]:
    """The changed passages with `context` unchanged lines around them; empty where nothing changed."""
    old, new = before.splitlines(), after.splitlines()
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(context)
    return [
        passage
        for group in groups
        for _, from_old, to_old, from_new, to_new in group
        if from_old < to_old or from_new < to_new
        for passage in _passages("\n".join(old[from_old:to_old]), "\n".join(new[from_new:to_new]))
    ]


def _passages(old: str, new: str) -> Iterator[Passage]:
    if old == new:
        yield Passage("kept", (Piece("kept", old),))
        return
    words = (WORDS.findall(old), WORDS.findall(new))
    matcher = difflib.SequenceMatcher(None, *words, autojunk=False)
    if old and new and matcher.ratio() >= ALIKE:
        yield Passage("changed", tuple(_pieces(*words, matcher)))
        return
    sides: tuple[tuple[Literal["removed", "added"], str], ...] = (("removed", old), ("added", new))
    yield from (Passage(kind, (Piece(kind, text),)) for kind, text in sides if text)


def _pieces(before: list[str], after: list[str], words: difflib.SequenceMatcher[str]) -> Iterator[Piece]:
    for tag, from_old, to_old, from_new, to_new in words.get_opcodes():
        old, new = "".join(before[from_old:to_old]), "".join(after[from_new:to_new])
        if tag == "equal":
            yield Piece("kept", new)
            continue
        sides: tuple[tuple[Kind, str], ...] = (("removed", old), ("added", new))
        yield from (Piece(kind, text) for kind, text in sides if text)


def since_previous(versions: Sequence[str]) -> list[Passage]:
    """The text of the newest version of a report against that of the one before it; `versions` newest first."""
    return between(versions[1], versions[0]) if len(versions) > 1 else []
