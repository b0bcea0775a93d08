"""Writes groups of frames over one database connection that is kept open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.listener.group_commit import NotStored, Outage, Unclear
from services.pipeline.receive import Arrival, Received, receive
from services.settings import Mllp


class InboxWriter:
    """`store` commits a group or raises: NotStored (rolled back, for certain), Outage, or Unclear."""

    def __init__(self, engine: AsyncEngine, mllp: Mllp) -> None:
        self._engine = engine
        self._mllp = mllp
        self._connection: AsyncConnection | None = None

    async def store(self, arrivals: Sequence[Arrival]) -> list[Received]:
        """Stores frames in one transaction. A connection that had gone stale is replaced once."""
        kept = self._connection is not None
        try:
            received = await self._execute(arrivals)
        except Outage:
            if not kept:
                raise
            received = await self._execute(arrivals)
        await self._commit()
        return received

    async def close(self) -> None:
        """Gives the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _quietly(connection)

    async def _execute(self, arrivals: Sequence[Arrival]) -> list[Received]:
        try:
            if self._connection is None:
                self._connection = await self._engine.connect()
            return await self._connection.run_sync(receive, arrivals, self._mllp)
        except (OperationalError, InterfaceError, OSError, TimeoutError) as error:
            await self.close()
            raise Outage(_reason(error)) from None
        except Exception as error:
            await self.close()
            raise NotStored(_reason(error)) from None

    async def _commit(self) -> None:
        assert self._connection is not None
        try:
            await self._connection.commit()
        except Exception as error:
            refused = isinstance(error, DBAPIError) and _sqlstate(error) and not error.connection_invalidated
            await self.close()
            if refused:
                raise NotStored(_reason(error)) from None
            raise Unclear from None


async def _quietly(connection: AsyncConnection) -> None:
    try:
        await connection.close()
    except (SQLAlchemyError, OSError):
        await connection.invalidate()


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _reason(error: BaseException) -> str:
    """Type and SQLSTATE: the database's own words could quote a row."""
    state = _sqlstate(error) if isinstance(error, DBAPIError) else ""
    name = type(error.orig).__name__ if isinstance(error, DBAPIError) else type(error).__name__
    return f"{name} {state}".strip()
