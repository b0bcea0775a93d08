"""Feeds as metrics, looked at every few minutes; the alert rules CountersignFeed… rest on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.domain.feeds import ANSWERS, Feed
from services.store import feeds
from services.telemetry import metrics
from services.web.measuring import Measure

GAUGES = (
    metrics.FEED_SILENCE,
    metrics.FEED_USUAL,
    metrics.FEED_MESSAGES,
    metrics.FEED_REFUSED,
    metrics.FEED_ANSWER,
)


def look(connection: Connection) -> Sequence[Feed]:
    """The feeds of every site."""
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


MEASURE = Measure("feeds", look, show, first=30, every=180, longest=30)
