"""Drift as metrics, looked at once an hour; the alert rule CountersignDrift rests on them."""

from __future__ import annotations

from sqlalchemy import Connection

from services.figures.drift import Rate, measure
from services.store import drift
from services.telemetry.metrics import DRIFT_ALARM, DRIFT_SHARE
from services.web.measuring import Measure


def look(connection: Connection) -> dict[str, list[Rate]]:
    """The rates of every site."""
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


MEASURE = Measure("drift", look, show, first=60, every=3600, longest=60)
