"""Writes groups of frames over one database connection that is kept open.

A group is one statement that commits itself: one round trip. When the connection breaks under it nobody knows
whether it was committed; every error the server words itself means that it was not.

In a thread of its own with a synchronous connection: half the processor time of the asynchronous one for the
same statements, and the loop stays free for the peers.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from services.listener.group_commit import NotStored, Outage, Unclear
from services.pipeline.receive import Arrival, Received, receive
from services.settings import Mllp
from services.store import inbox


class InboxWriter:
    """`store` commits a group or raises: NotStored (rolled back, for certain), Outage, or Unclear."""

    def __init__(self, engine: Engine, mllp: Mllp) -> None:
        self._engine = engine
        self._mllp = mllp
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._connection: Connection | None = None

    async def store(self, arrivals: Sequence[Arrival]) -> list[Received]:
        """Stores frames in one transaction, which is committed on return."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._store, arrivals)

    async def close(self) -> None:
        """Gives the connection back."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._hang_up)
        self._thread.shutdown()

    def _store(self, arrivals: Sequence[Arrival]) -> list[Received]:
        connection = self._connected()
        try:
            return receive(connection, arrivals, self._mllp)
        except Exception as error:
            lost = isinstance(error, DBAPIError) and not _sqlstate(error)
            self._hang_up()
            if lost:
                raise Unclear from None
            raise NotStored(_reason(error)) from None

    def _connected(self) -> Connection:
        """The kept connection, or a new one where the server has hung up on it. Raises Outage."""
        if self._connection is not None and _hung_up(self._connection):
            self._hang_up()
        if self._connection is None:
            try:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                inbox.keep_plans(self._connection)
            except (SQLAlchemyError, OSError) as error:
                self._hang_up()
                raise Outage(_reason(error)) from None
        return self._connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except (SQLAlchemyError, OSError):
            connection.invalidate()


def _hung_up(connection: Connection) -> bool:
    """Whether something came from a server that was asked nothing: its farewell, or the end of the stream."""
    channel = select.poll()
    channel.register(connection.connection.driver_connection.fileno(), select.POLLIN)  # type: ignore[union-attr]
    return bool(channel.poll(0))


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _reason(error: BaseException) -> str:
    """Type and SQLSTATE: the database's own words could quote a row."""
    state = _sqlstate(error) if isinstance(error, DBAPIError) else ""
    name = type(error.orig).__name__ if isinstance(error, DBAPIError) else type(error).__name__
    return f"{name} {state}".strip()
