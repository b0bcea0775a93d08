"""Queries for operators' pages: what has stopped."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from services.store.tables import delivery, report


def stopped_deliveries(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Deliveries that are blocked or dead, and those that failed and wait to be tried again; newest first."""
    stopped = (delivery.c.state.in_(("blocked", "dead"))) | (
        (delivery.c.state == "pending") & (delivery.c.reason != "")
    )
    query = select(delivery).where(stopped).order_by(delivery.c.id.desc()).limit(limit)
    return connection.execute(query).mappings().all()


def held_reports(connection: Connection, site: str, limit: int) -> Sequence[RowMapping]:
    """Reports that wait for a person to decide, newest first: numbers, why, and nothing of their text."""
    names = ("id", "patient_id", "accession", "filler", "held", "created_at")
    query = select(*[report.c[name] for name in names]).where(report.c.site_id == site, report.c.held != "")
    return connection.execute(query.order_by(report.c.id.desc()).limit(limit)).mappings().all()
