"""Moments that every database, every zone and every calendar we write to can hold."""

from __future__ import annotations

from datetime import datetime

_FIRST, _LAST = 1800, 9000


def usable(moment: datetime) -> datetime | None:
    """The moment, None for one of a year that no report is of: an offset leads out of the calendar at its ends."""
    return moment if _FIRST <= moment.year <= _LAST else None
