"""Metrics of the whole house, looked at every now and then beside the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.telemetry.logs import log

LOG = log("metrics")
T = TypeVar("T")


@dataclass(frozen=True)
class Measure(Generic[T]):
    """What is looked up and shown. Seconds: until the first look, between two, and that one statement may take."""

    name: str
    look: Callable[[Connection], T]
    show: Callable[[T], None]
    first: float
    every: float
    longest: int

    async def watch(self, engine: AsyncEngine) -> None:
        """Until cancelled; a database that is away or slow is asked again at the next turn."""
        await asyncio.sleep(self.first)
        while True:
            try:
                async with engine.connect() as connection:
                    found = await connection.run_sync(self.within)
            except SQLAlchemyError as error:
                LOG.warning("not measured", what=self.name, error=type(error).__name__)
            else:
                self.show(found)
            await asyncio.sleep(self.every)

    def within(self, connection: Connection) -> T:
        """Looks, within the time that a statement may take."""
        connection.execute(text(f"SET LOCAL statement_timeout = '{self.longest}s'"))
        return self.look(connection)
