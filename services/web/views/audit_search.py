"""What the audit trail is searched by, from an address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated

from fastapi import Depends, Query

from services.store.audit import Wanted


def wanted(
    actor: Annotated[str, Query(max_length=100)] = "",
    action: Annotated[str, Query(max_length=50)] = "",
    report: Annotated[str, Query(pattern=r"^\d{0,18}$")] = "",
    since: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    until: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Wanted:
    """Dependency: the search of the address. Days are UTC; `until` is included."""
    number = int(report) if report else None
    return Wanted(actor, action, number, _day(since), _day(until, 1), before)


def in_zone(wanted: Wanted, zone: tzinfo) -> Wanted:
    """The same search with its days begun at midnight of a zone."""
    since, until = (each and each.replace(tzinfo=zone) for each in (wanted.since, wanted.until))
    return replace(wanted, since=since, until=until)


def _day(value: str, later: int = 0) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(value) + timedelta(days=later), time(), UTC) if value else None
    except (ValueError, OverflowError):
        return None


InAddress = Annotated[Wanted, Depends(wanted)]
