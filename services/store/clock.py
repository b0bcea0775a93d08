"""Deadlines on the database's clock, the only one that all processes share."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.sql.elements import ColumnElement

NOW = func.now()


def ahead(seconds: float) -> ColumnElement[datetime]:
    """Some seconds on."""
    return NOW + timedelta(seconds=seconds)


def scattered(seconds: float) -> ColumnElement[datetime]:
    """The same, up to a quarter later, so that what failed together does not come back together."""
    return ahead(seconds) + func.random() * timedelta(seconds=seconds / 4)
