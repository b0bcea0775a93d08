"""What a command says on standard error while it works: every two seconds, what it does and how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import typer

T = TypeVar("T")
SECONDS = 2.0


class _Working:
    """One command at work. Said by a thread of its own, since what takes long is often a single question."""

    def __init__(self, name: str) -> None:
        self._began = time.monotonic()
        self._ended = threading.Event()
        self.at = f"{name} works"
        threading.Thread(target=self._say, name="progress", daemon=True).start()

    def _say(self) -> None:
        while not self._ended.wait(SECONDS):
            typer.echo(f"{self.at}, {time.monotonic() - self._began:.0f} s", err=True)

    def end(self) -> None:
        """Says no more."""
        self._ended.set()


_working: list[_Working] = []


def begin(name: str) -> Callable[[], None]:
    """Speaks for a command from now on, until what is returned is called."""
    working = _Working(name)
    _working.append(working)

    def end() -> None:
        working.end()
        _working.remove(working)

    return end


def doing(what: str) -> None:
    """What is said from now on: "recomputing the audit chain"."""
    for each in _working:
        each.at = what


def watched(items: Sequence[T], done: str) -> Iterator[T]:
    """The items; meanwhile it is said how far that is: "120 of 400 replayed"."""
    for number, item in enumerate(items):
        doing(f"{number} of {len(items)} {done}")
        yield item


def counted(items: Iterable[T], done: str) -> Iterator[T]:
    """The same where nobody knows how many there are: "120 read"."""
    for number, item in enumerate(items):
        doing(f"{number} {done}")
        yield item
