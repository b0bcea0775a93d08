"""Queries for operators' pages: what came in, newest first, and what has stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from services.store.inbox import SUMMARY, spoke_of
from services.store.tables import delivery, message, report


def messages(
    connection: Connection,
    *,
    state: str = "",
    control_id: str = "",
    accession: str = "",
    patient: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
    page: int = 1,
) -> Sequence[RowMapping]:
    """Frames, resources and parts of batches, newest first, without their bodies. Pages count from 1."""
    query = select(*SUMMARY).order_by(message.c.id.desc())
    if accession or patient:
        query = query.where(spoke_of(accession, patient))
    for column, value in {message.c.state: state, message.c.control_id: control_id}.items():
        if value:
            query = query.where(column == value)
    if since:
        query = query.where(message.c.received_at >= since)
    if until:
        query = query.where(message.c.received_at < until)
    return connection.execute(query.limit(limit).offset((page - 1) * (limit - 1))).mappings().all()


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
