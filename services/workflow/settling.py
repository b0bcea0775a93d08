"""How a delivery under our lease ended: all of it is written, or nothing where the lease is another's by then."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from services.domain.deliveries import Delivery
from services.settings import Queue
from services.store import deliveries
from services.store.leases import StaleLease


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
