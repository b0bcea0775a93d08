"""Celery's threads pool, made to wake the event loop when a slot is free.

With `worker_disable_prefetch` the loop asks the broker for more only on its next turn, and nothing turns it when a
thread ends: a free slot would wait for up to a second.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from celery.concurrency.base import apply_target
from celery.concurrency.thread import ApplyResult, TaskPool


class WakingPool(TaskPool):  # type: ignore[misc]  # celery is not typed
    """One thread a slot; the end of a task is an event."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hears, self._says = socket.socketpair()
        self._hears.setblocking(False)
        self._says.setblocking(False)

    def register_with_event_loop(self, loop: Any) -> None:
        """Called by Celery at each start of the loop, reconnections included."""
        loop.add_reader(self._hears.fileno(), self._drain)

    def on_apply(
        self,
        target: Any,
        args: Any = None,
        kwargs: Any = None,
        callback: Any = None,
        accept_callback: Any = None,
        **_: Any,
    ) -> ApplyResult:
        """Runs a task in a free thread."""
        return ApplyResult(self.executor.submit(self._work, target, args, kwargs, callback, accept_callback))

    def _work(self, *args: Any) -> None:
        try:
            apply_target(*args)
        finally:
            # A full pipe wakes the loop just as well.
            with contextlib.suppress(BlockingIOError):
                self._says.send(b"\0")

    def _drain(self, *_: Any) -> None:
        with contextlib.suppress(BlockingIOError):
            self._hears.recv(4096)
