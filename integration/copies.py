"""The same text sent twice, as lines and as their PDF, is read once; what only one of them says is kept."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_RUN = 4
_SHORTEST = 12
_MOSTLY = 0.6
_ALMOST_ALL = 0.9
_PROSE = 5


class Compared(NamedTuple):
    """Whether a document is a `copy` of what was told; if so its further lines: those to be read, and the others."""

    copy: bool
    prose: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Told:
    """What a report has said so far, as runs of four words: time and memory are linear in the texts."""

    def __init__(self) -> None:
        self._runs: set[tuple[str, ...]] = set()

    def add(self, text: str) -> None:
        """A further text of the report."""
        self._runs |= _runs(_words(text))

    def compared(self, document: str) -> Compared:
        """A document beside what was told."""
        words = _words(document)
        if len(words) < _SHORTEST or not self._runs:
            return Compared(copy=False)
        covered = self._covered(words)
        new = _new_lines(document, covered)
        if sum(covered) < _MOSTLY * len(words):
            # The text is an excerpt of the document: whatever the document has beside it belongs to the report.
            excerpt = len(_runs(words) & self._runs) >= _ALMOST_ALL * len(self._runs)
            return Compared(excerpt, tuple(new) if excerpt else ())
        prose = tuple(line for line in new if len(_words(line)) >= _PROSE)
        return Compared(True, prose, tuple(line for line in new if len(_words(line)) < _PROSE))

    def _covered(self, words: list[str]) -> list[bool]:
        """For each word whether it stands in a run of words that was told."""
        covered = [False] * len(words)
        for at in range(len(words) - _RUN + 1):
            if tuple(words[at : at + _RUN]) in self._runs:
                covered[at : at + _RUN] = [True] * _RUN
        return covered


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}


def _new_lines(document: str, covered: list[bool]) -> list[str]:
    lines, at = [], 0
    for line in document.splitlines():
        count = len(_words(line))
        if count and sum(covered[at : at + count]) * 2 < count:
            lines.append(line.strip())
        at += count
    return lines
