"""The audit's sealer, run beside the pages; an advisory lock keeps it single however many processes there are."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.store import audit

SECONDS = 5.0
log = structlog.get_logger(__name__)


async def keep_sealed(engine: AsyncEngine) -> None:
    """Chains new audit rows until cancelled; a database that is away is asked again."""
    while True:
        await asyncio.sleep(SECONDS)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(audit.seal)
        except SQLAlchemyError as error:
            log.warning("audit not sealed", error=type(error).__name__)
