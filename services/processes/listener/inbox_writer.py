"""Writes groups of frames over one database connection that is kept open.

A group is one statement that commits itself: one round trip. When the connection breaks under it nobody knows
whether it was committed; every error the server words itself means that it was not.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from integration.hl7v2.senders import Senders
from services.processes.listener.group_commit import NotStored, Outage, Unclear
from services.settings import Database, Mllp
from services.store.frames import FrameTable
from services.workflow.receive import Arrival, Received, received, rows_of


class InboxWriter:
    """`store` commits a group or raises: NotStored (rolled back, for certain), Outage, or Unclear."""

    def __init__(self, database: Database, mllp: Mllp, senders: Senders | None = None) -> None:
        self._database = database
        self._mllp = mllp
        self._senders = senders
        self._table: FrameTable | None = None

    async def store(self, arrivals: Sequence[Arrival]) -> list[Received]:
        """Stores frames, which are committed on return."""
        try:
            rows = rows_of(arrivals, self._mllp, self._senders)
        except Exception as error:
            raise NotStored(_reason(error)) from None
        table = await self._connected()
        try:
            return received(rows, await table.add(rows))
        except Exception as error:
            await self.close()
            if isinstance(error, psycopg.Error) and error.sqlstate:
                raise NotStored(_reason(error)) from None
            raise Unclear from None

    async def close(self) -> None:
        """Gives the connection back."""
        table, self._table = self._table, None
        if table is not None:
            await table.close()

    async def _connected(self) -> FrameTable:
        """The kept connection, or a new one where the server has hung up on it. Raises Outage."""
        if self._table is not None and self._table.hung_up:
            await self.close()
        if self._table is None:
            try:
                self._table = await FrameTable.open(self._database)
            except (psycopg.Error, OSError) as error:
                raise Outage(_reason(error)) from None
        return self._table


def _reason(error: Exception) -> str:
    """Type and SQLSTATE: the database's own words could quote a row."""
    return f"{type(error).__name__} {getattr(error, 'sqlstate', None) or ''}".strip()
