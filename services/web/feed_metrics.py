"""Feeds as metrics, looked at every few minutes; the alert rules CountersignFeed… rest on them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.domain.feeds import ANSWERS, Feed
from services.store import feeds
from services.telemetry import metrics
from services.telemetry.logs import log

LOG = log("feeds")
FIRST_SECONDS, EVERY_SECONDS = 30.0, 180.0
LONGEST_SECONDS = 30
GAUGES = (
    metrics.FEED_SILENCE,
    metrics.FEED_USUAL,
    metrics.FEED_MESSAGES,
    metrics.FEED_REFUSED,
    metrics.FEED_ANSWER,
)


async def watch(engine: AsyncEngine) -> None:
    """Until cancelled; a database that is away or slow is asked again at the next turn."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            async with engine.connect() as connection:
                found = await connection.run_sync(look)
        except SQLAlchemyError as error:
            LOG.warning("feeds not measured", error=type(error).__name__)
        else:
            show(found)
        await asyncio.sleep(EVERY_SECONDS)


def look(connection: Connection) -> Sequence[Feed]:
    """The feeds of every site."""
    connection.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_SECONDS}s'"))
    return feeds.of_site(connection)


def show(found: Sequence[Feed]) -> None:
    """Sets the metrics anew: a sender that is not heard of for weeks has none."""
    for gauge in GAUGES:
        gauge.clear()
    for feed in found:
        metrics.FEED_SILENCE.labels(feed.site_id, feed.sender).set(feed.silence)
        metrics.FEED_USUAL.labels(feed.site_id, feed.sender).set(feed.usual or 0)
        metrics.FEED_MESSAGES.labels(feed.site_id, feed.sender).set(feed.messages)
        metrics.FEED_REFUSED.labels(feed.site_id, feed.sender).set(feed.refused)
        if feed.answer_seconds is not None and sum(feed.answers) >= ANSWERS:
            metrics.FEED_ANSWER.labels(feed.site_id, feed.sender).set(feed.answer_seconds)
