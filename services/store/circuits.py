"""Circuit breakers, one an engine: open while its server is away, then half open for one reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text

from services.domain.words import CircuitState
from services.settings import Queue
from services.store.rows import every
from services.store.tables import circuit


@dataclass(frozen=True, slots=True)
class Circuit:
    """An engine's breaker; `open_until`: when the next try may go out."""

    engine: str
    state: CircuitState
    failures: int
    open_until: datetime | None
    changed_at: datetime


# An outage reported while the circuit is open changes nothing: it comes from a reading begun before.
_FAILED = text("""
    INSERT INTO circuit AS known (engine, state, failures, open_until)
    VALUES (:engine, CASE WHEN 1 >= :limit THEN 'open' ELSE 'closed' END, 1, now() + make_interval(secs => :pause))
    ON CONFLICT (engine) DO UPDATE SET
        failures = known.failures + 1,
        state = CASE WHEN known.state <> 'closed' OR known.failures + 1 >= :limit THEN 'open' ELSE 'closed' END,
        open_until = CASE WHEN known.state = 'open' THEN known.open_until ELSE excluded.open_until END,
        changed_at = CASE WHEN known.state = 'open' THEN known.changed_at ELSE now() END
    RETURNING state, failures
""")
_ANSWERED = text("""
    UPDATE circuit SET state = 'closed', failures = 0, changed_at = now()
    WHERE engine = :engine AND (state <> 'closed' OR failures > 0)
""")
_PROBE = text("""
    UPDATE circuit SET state = 'half_open', open_until = now() + make_interval(secs => :lease), changed_at = now()
    WHERE engine IN (
        SELECT engine FROM circuit WHERE state <> 'closed' AND open_until <= now() FOR UPDATE SKIP LOCKED
    )
    RETURNING engine
""")


def failed(connection: Connection, engine: str, queue: Queue) -> bool:
    """Counts an outage of an engine's server; whether this one opened the circuit."""
    values = {"engine": engine, "limit": queue.circuit_failures, "pause": queue.circuit_pause}
    row = connection.execute(_FAILED, values).one()
    return bool(row.state == "open" and row.failures == queue.circuit_failures)


def answered(connection: Connection, engine: str) -> bool:
    """The server answered: the circuit is closed; whether that is news."""
    return connection.execute(_ANSWERED, {"engine": engine}).rowcount == 1


def probe(connection: Connection, queue: Queue) -> list[str]:
    """Engines whose pause is over: their circuits are half open now, and one reading each may go out."""
    return [row.engine for row in connection.execute(_PROBE, {"lease": queue.lease})]


def all_of_them(connection: Connection) -> list[Circuit]:
    """Every circuit there is, by engine."""
    return every(Circuit, connection.execute(select(circuit).order_by(circuit.c.engine)))
