"""Our processes as children that start quickly, and the crash points a row of the matrix plants in them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from services.settings import load

POISON = "POISON"
PRELOADED = [f"services.processes.{name}.main" for name in ("listener", "relay", "worker", "sender")]


def context() -> Any:
    """Children are forked from a server that has everything imported."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([*PRELOADED, "tests.faults.processes", "integration.sglang.client"])
    return made


def run(name: str, environ: dict[str, str], log: str, planted: tuple[str, ...]) -> None:
    """The target of a child: one of our processes, as its command runs it."""
    with Path(log).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["countersign", name]
    for one in planted:
        PLANTED[one]()
    import_module(f"services.processes.{name}.main").run(load(environ))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _poison() -> None:
    """A report that kills whoever reads it."""

    def before(question: Any) -> None:
        if POISON in question.text:
            _die()

    _before_reading(before)


def _slow() -> None:
    """Every reading takes a while, so that a fault meets work under way."""
    _before_reading(lambda question: time.sleep(0.25))


def _long() -> None:
    """Every reading takes so long that a worker chosen at any moment has one under way."""
    _before_reading(lambda question: time.sleep(1.0))


def _before_reading(act: Callable[[Any], None]) -> None:
    from services.reading.rules.reader import RulesReader

    read = RulesReader.read

    def acted(self: Any, question: Any) -> Any:
        act(question)
        return read(self, question)

    RulesReader.read = acted  # type: ignore[method-assign]


def _die_before_answering() -> None:
    """Between commit and ACK, whenever something new was stored."""
    from services.processes.listener.inbox_writer import InboxWriter

    store = InboxWriter.store

    async def stored(self: Any, arrivals: Any) -> Any:
        received = await store(self, arrivals)
        if any(not one.duplicate for one in received):
            _die()
        return received

    InboxWriter.store = stored  # type: ignore[method-assign]


PLANTED = {"poison": _poison, "slow": _slow, "long": _long, "die before answering": _die_before_answering}
