"""How a delivery under our lease ended: all of it is written, or nothing where the lease is another's by then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine

from services.domain.deliveries import Delivery
from services.settings import Queue
from services.store import deliveries
from services.store.leases import StaleLease
from services.workflow.dead_letters import bury_delivery


def settled(engine: Engine, end: str, write: Callable[[Connection], None]) -> str:
    """`end`, or `stale`."""
    try:
        with engine.begin() as connection:
            write(connection)
    except StaleLease:
        return "stale"
    return end


def postponed(engine: Engine, row: Delivery, reason: str, queue: Queue, asked: float = 0) -> str:
    """Nobody was reached: `postponed`, not before `asked` seconds."""
    return settled(engine, "postponed", lambda within: deliveries.postpone(within, row, reason, queue, asked))


def given_up(engine: Engine, rows: Sequence[Delivery], queue: Queue) -> list[str]:
    """How a delivery ended that may not be tried again, since too many senders were lost with it; [] for all others.

    The first loss is not held against it: others were under way beside it. Since then it was tried by itself.
    """
    return [_given_up(engine, row) for row in rows if row.lost > queue.max_lost]


def _given_up(engine: Engine, row: Delivery) -> str:
    reason = f"its lease ran out {row.lost} times in a row: its sender ended or failed each time"
    return settled(engine, "dead", lambda within: bury_delivery(within, row, reason))
