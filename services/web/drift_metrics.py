"""Drift as metrics, looked at once an hour; the alert rule CountersignDrift rests on them."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.figures.drift import Rate, measure
from services.store import drift
from services.telemetry.logs import log
from services.telemetry.metrics import DRIFT_ALARM, DRIFT_SHARE

LOG = log("drift")
FIRST_SECONDS, EVERY_SECONDS = 60.0, 3600.0
LONGEST_SECONDS = 60


async def watch(engine: AsyncEngine) -> None:
    """Until cancelled; a database that is away or slow is asked again an hour later."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            async with engine.connect() as connection:
                found = await connection.run_sync(look)
        except SQLAlchemyError as error:
            LOG.warning("drift not measured", error=type(error).__name__)
        else:
            show(found)
        await asyncio.sleep(EVERY_SECONDS)


def look(connection: Connection) -> dict[str, list[Rate]]:
    """The rates of every site."""
    connection.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_SECONDS}s'"))
    return {site: measure(connection, site) for site in drift.sites(connection)}


def show(found: dict[str, list[Rate]]) -> None:
    """Sets the metrics: shares of engines, and a 1 for each alarm."""
    DRIFT_ALARM.clear()
    DRIFT_SHARE.clear()
    for site, rates in found.items():
        for rate in rates:
            labels = (site, rate.place.rate, rate.place.engine, rate.place.model)
            if not rate.place.finding_id:
                for window, each in (("current", rate.now), ("reference", rate.before)):
                    if each.share is not None:
                        DRIFT_SHARE.labels(*labels, window).set(each.share)
            if rate.alarm:
                DRIFT_ALARM.labels(*labels, rate.place.finding_id or "all").set(1)
