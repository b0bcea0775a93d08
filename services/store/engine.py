"""Connections to PostgreSQL, synchronous for threads and asynchronous for event loops."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.settings import Database

# A server that vanished without a word is noticed after some 25 s, whether we wait for it or it for us.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25000}
# A connection that died with its server is replaced before it is handed out.
COMMON = {"pool_pre_ping": True, "pool_recycle": 1800, "connect_args": {"options": "-c timezone=UTC", **KEEPALIVE}}


def connect(database: Database) -> Engine:
    """Synchronous engine: worker, relay, sender and commands."""
    return create_engine(database.url(), pool_size=database.pool_size, max_overflow=database.pool_size, **COMMON)


def connect_async(database: Database) -> AsyncEngine:
    """Asynchronous engine: listener, subscriber, worklist. Queries run in it by `run_sync`."""
    return create_async_engine(database.url(), pool_size=database.pool_size, max_overflow=database.pool_size, **COMMON)
