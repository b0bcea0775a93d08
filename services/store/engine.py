"""Connections to PostgreSQL, synchronous for threads and asynchronous for event loops."""

from __future__ import annotations

import select
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.settings import Database

# A server that vanished without a word is noticed after some 25 s, whether we wait for it or it for us.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25000}
# A process that was stopped in the middle of a transaction holds its locks no longer than this, seconds: less than a
# lease, so that what it had is free when the sweeper comes.
IDLE_IN_TRANSACTION = 30
OPTIONS = f"-c timezone=UTC -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION}s"
# The connection used last is used next: it has the statements prepared, and its server process the caches warm.
COMMON = {"pool_use_lifo": True, "pool_recycle": 1800, "connect_args": {"options": OPTIONS, **KEEPALIVE}}


def connect(database: Database) -> Engine:
    """Synchronous engine: worker, relay, sender and commands."""
    engine = create_engine(database.url(), **_pool(database), **COMMON)
    event.listen(engine, "checkout", _refuse_the_dead)
    return engine


def one_by_one(engine: Engine) -> Engine:
    """The same connections, for single statements that commit themselves: no round trips for BEGIN and COMMIT."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def connect_async(database: Database) -> AsyncEngine:
    """Asynchronous engine: listener, subscriber, worklist. Queries run in it by `run_sync`."""
    engine = create_async_engine(database.url(), **_pool(database), **COMMON)
    event.listen(engine.sync_engine, "checkout", _refuse_the_dead)
    return engine


def _pool(database: Database) -> dict[str, int]:
    """What was opened stays: each costs PostgreSQL a process, which is dearer than most transactions."""
    return {"pool_size": 2 * database.pool_size, "max_overflow": 0}


def hung_up(descriptor: int) -> bool:
    """Whether something came from a server that was asked nothing: its farewell, or the end of the stream."""
    channel = select.poll()
    channel.register(descriptor, select.POLLIN)
    return bool(channel.poll(0))


def _refuse_the_dead(dbapi_connection: object, record: object, proxy: object) -> None:
    """A connection that died with its server is replaced before it is handed out, without asking the living ones."""
    driver: Any = getattr(dbapi_connection, "driver_connection", dbapi_connection)
    if driver.closed or hung_up(driver.fileno()):
        raise DisconnectionError
