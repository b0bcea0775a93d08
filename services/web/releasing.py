"""Signatures released once they cannot be taken back, beside the pages; several processes share the work."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from services.telemetry.logs import log
from services.telemetry.outage_log import Absence
from services.web.context import Context
from services.workflow import signing

SECONDS = 0.5
LOG = log("releasing")


async def keep_released(context: Context) -> None:
    """Until cancelled; a database that is away is asked again, and that is said once."""
    absence = Absence(LOG)
    while True:
        await asyncio.sleep(SECONDS)
        try:
            async with context.engine.begin() as connection:
                await connection.run_sync(signing.release_due, context.terms)
            absence.note("")
        except SQLAlchemyError as error:
            why = f"PostgreSQL does not answer, or cannot be used ({type(error).__name__})"
            absence.note(f"{why}: signatures wait")
