"""Queries on how we hear from each FHIR endpoint: its Subscription and how far polling came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from services.store.tables import subscription


def watermark(connection: Connection, endpoint: str) -> datetime | None:
    """How far polling of an endpoint came; None before the first time."""
    return connection.scalar(select(subscription.c.watermark).where(subscription.c.endpoint == endpoint))


def put(connection: Connection, endpoint: str, site: str, **values: object) -> None:
    """Sets some of the endpoint's columns."""
    statement = insert(subscription).values(endpoint=endpoint, site_id=site, **values)
    fresh = {**values, "updated_at": func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=["endpoint"], set_=fresh))
