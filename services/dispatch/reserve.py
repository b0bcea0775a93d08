"""The slots kept for STAT: threads that take from the STAT queue and nothing else."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.message import Message
from kombu.mixins import ConsumerMixin

from services.dispatch.queue import STAT, route
from services.settings import Queue

Run = Callable[[int], None]


def kept_for_stat(queue: Queue) -> int:
    """How many of a worker's slots only STAT may use; the first slot is everybody's."""
    return min(queue.concurrency - 1, math.ceil(queue.concurrency * queue.stat_reserve))


class Reserve:
    """As many STAT slots as asked for, each a connection and a thread of its own."""

    def __init__(self, app: Celery, run: Run, slots: int) -> None:
        self._slots = [_Slot(app, run) for _ in range(slots)]
        self._threads = [threading.Thread(target=slot.run, name="stat", daemon=True) for slot in self._slots]

    def start(self) -> None:
        """Begins to take."""
        for thread in self._threads:
            if not thread.ident:
                thread.start()

    def tell(self) -> None:
        """Takes no more."""
        for slot in self._slots:
            slot.should_stop = True

    def stop(self) -> None:
        """Takes no more; returns when what is under way has ended."""
        self.tell()
        for thread in self._threads:
            if thread.ident:
                thread.join()


class _Slot(ConsumerMixin):
    """One message at a time, acknowledged before the work: a job that is lost comes back by its lease."""

    def __init__(self, app: Celery, run: Run) -> None:
        self.connection = app.connection_for_read()
        self._run = run

    def get_consumers(self, Consumer: Any, channel: Any) -> list[Any]:
        """What kombu consumes from."""
        return [Consumer(queues=[route(STAT)], callbacks=[self._take], accept=["json"], prefetch_count=1)]

    def _take(self, body: Any, message: Message) -> None:
        message.ack()
        self._run(int(body[0][0]))
