"""The audit's sealer, run beside the pages; an advisory lock keeps it single however many processes there are."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.store import audit
from services.telemetry.logs import log
from services.telemetry.outage_log import Absence

SECONDS = 5.0
LOG = log("sealing")


async def keep_sealed(engine: AsyncEngine) -> None:
    """Chains new audit rows until cancelled; a database that is away is asked again, and that is said once."""
    absence = Absence(LOG)
    while True:
        await asyncio.sleep(SECONDS)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(audit.seal)
            absence.note("")
        except SQLAlchemyError as error:
            why = f"PostgreSQL does not answer, or cannot be used ({type(error).__name__})"
            absence.note(f"{why}: the audit is not sealed")
