"""Queries on how we hear from each FHIR endpoint: its Subscription and how far polling came."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from services.store.tables import subscription


def get(connection: Connection, endpoint: str) -> RowMapping | None:
    """The endpoint's row: watermark, events, reference and state of the Subscription."""
    return connection.execute(select(subscription).where(subscription.c.endpoint == endpoint)).mappings().one_or_none()


def put(connection: Connection, endpoint: str, site: str, **values: Any) -> None:
    """Sets some of the endpoint's columns."""
    statement = insert(subscription).values(endpoint=endpoint, site_id=site, **values)
    fresh = {**values, "updated_at": func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=["endpoint"], set_=fresh))
