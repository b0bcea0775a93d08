"""The warm children of a worker: who asks gets a free one, STAT before others; one that met a limit is replaced."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.dispatch.children import wire
from services.dispatch.children.child import Trade
from services.dispatch.children.limits import Over, over
from services.dispatch.children.nursery import Nursery
from services.settings import Limits
from services.telemetry.logs import log
from services.telemetry.metrics import CHILDREN

LOG = log("children")
# The child's own alarm comes first; this is for one that the kernel does not let end.
GRACE = 2.0
_BY_SIGNAL = {signal.SIGXCPU: "cpu", signal.SIGALRM: "wall"}


class Faulty(Exception):
    """A defect of ours came up in a child; the message is the fault's type."""


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    peer: socket.socket


class Pool:
    """Children by number; the last free one is kept for what is urgent."""

    def __init__(self, trade: Trade) -> None:
        """Forks the nursery: there must be no other thread yet."""
        self._limits: Limits = trade.limits
        self._nursery = Nursery(trade)
        self._kept = 1 if trade.limits.children > 1 else 0
        self._free: list[_Child] = []
        self._urgent = 0
        self._turn = threading.Condition()

    def start(self) -> None:
        """Children are born and wait."""
        for _ in range(self._limits.children):
            self._give(self._bear())

    def stop(self) -> None:
        """Lets the children go."""
        for child in self._free:
            child.peer.close()
        self._nursery.close()

    def ask(self, head: wire.Head, body: bytes, *, urgent: bool = False) -> bytes:
        """A child's answer. Raises Over where it met a limit, Faulty for a defect."""
        with self._taken(urgent) as child:
            try:
                wire.send(child.peer, head, body)
                answer, text = wire.receive(child.peer, 2 * self._limits.output)
            except (wire.Closed, wire.TooLarge, TimeoutError) as gone:
                raise self._limit_met(child, gone) from None
            if "over" in answer:
                raise Over(answer["over"])
        if "fault" in answer:
            LOG.error("child fault", error=answer["fault"])
            raise Faulty(answer["fault"])
        return text

    @contextmanager
    def _taken(self, urgent: bool) -> Iterator[_Child]:
        child = self._take(urgent)
        try:
            yield child
        except BaseException:
            child.peer.close()
            self._give(self._bear())
            raise
        self._give(child)

    def _take(self, urgent: bool) -> _Child:
        with self._turn:
            self._urgent += urgent
            self._turn.wait_for(lambda: len(self._free) > (0 if urgent else self._kept))
            self._urgent -= urgent
            return self._free.pop()

    def _give(self, child: _Child) -> None:
        with self._turn:
            self._free.append(child)
            self._turn.notify_all()

    def _bear(self) -> _Child:
        try:
            pid, peer = self._nursery.bear()
        except wire.Closed:
            LOG.error("no progress", reason="the nursery is gone")
            os._exit(70)
        peer.settimeout(self._limits.wall + GRACE)
        return _Child(pid, peer)

    def _limit_met(self, child: _Child, gone: Exception) -> Over:
        ended = self._nursery.bury(child.pid)
        name = "output" if isinstance(gone, wire.TooLarge) else _BY_SIGNAL.get(signal.Signals(ended or 9), "memory")
        CHILDREN.labels(name).inc()
        LOG.warning("child replaced", reason=name)
        return over(name, self._limits)
