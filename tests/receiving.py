"""Frames stored as the listener stores them, for tests that begin with a message that is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr
from sqlalchemy import Connection

from services.processes.listener.inbox_writer import InboxWriter
from services.settings import Database, Mllp
from services.workflow.receive import Arrival, Received


def receive(connection: Connection, arrivals: Sequence[Arrival], mllp: Mllp) -> list[Received]:
    """Commits frames to the connection's database, over one of their own."""
    url = connection.engine.url
    assert url.host and url.port and url.database and url.username
    password = SecretStr(url.password or "")
    database = Database(host=url.host, port=url.port, name=url.database, user=url.username, password=password)
    return asyncio.run(_store(InboxWriter(database, mllp), arrivals))


async def _store(writer: InboxWriter, arrivals: Sequence[Arrival]) -> list[Received]:
    try:
        return await writer.store(arrivals)
    finally:
        await writer.close()
