"""Queries for operators' pages: what has stopped."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, Table, select

from services.domain.deliveries import Delivery
from services.domain.reports import HeldReport
from services.store.rows import every
from services.store.tables import delivery, job, message, notice, report, report_version, review

Noun = Literal["delivery", "job", "message", "notice", "report", "review", "version"]
_TABLES: dict[Noun, Table] = {
    "delivery": delivery,
    "job": job,
    "message": message,
    "notice": notice,
    "report": report,
    "review": review,
    "version": report_version,
}


def site_of(connection: Connection, noun: Noun, number: int) -> str | None:
    """Whose row that is, None where there is none."""
    table = _TABLES[noun]
    return connection.scalar(select(table.c.site_id).where(table.c.id == number))


def stopped_deliveries(
    connection: Connection, site: str, limit: int, number: int | None = None, *, before: int | None = None
) -> list[Delivery]:
    """Deliveries of a site that are blocked or dead, or failed and wait to be tried again; newest first.

    With a `number` that delivery, whatever its state; with `before` those of lower numbers.
    """
    stopped = (delivery.c.state.in_(("blocked", "dead"))) | (
        (delivery.c.state == "pending") & (delivery.c.reason != "")
    )
    chosen = stopped if number is None else delivery.c.id == number
    if before is not None:
        chosen &= delivery.c.id < before
    query = select(delivery).where(delivery.c.site_id == site, chosen).order_by(delivery.c.id.desc()).limit(limit)
    return every(Delivery, connection.execute(query))


def held_reports(connection: Connection, site: str, limit: int, before: int | None = None) -> list[HeldReport]:
    """Reports that wait for a person to decide, newest first: numbers, why, and nothing of their text.

    With `before` those of lower numbers.
    """
    names = ("id", "patient_id", "accession", "filler", "held", "created_at")
    query = select(*[report.c[name] for name in names]).where(report.c.site_id == site, report.c.held != "")
    if before is not None:
        query = query.where(report.c.id < before)
    return every(HeldReport, connection.execute(query.order_by(report.c.id.desc()).limit(limit)))
