"""Queries on notices: what a person must see."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from services.domain.deliveries import Notice
from services.store.rows import every
from services.store.tables import notice


def add(connection: Connection, kind: str, site_id: str, report_id: int | None, message: str) -> None:
    """Raises a notice; the message holds no patients' text."""
    connection.execute(insert(notice).values(kind=kind, site_id=site_id, report_id=report_id, message=message))


def add_once(connection: Connection, kind: str, site_id: str, report_id: int | None, message: str) -> None:
    """The same, unless it stands open already."""
    same = (notice.c.kind == kind, notice.c.report_id == report_id, notice.c.message == message)
    if not connection.scalar(select(func.count()).where(*same, notice.c.cleared_at.is_(None))):
        add(connection, kind, site_id, report_id, message)


def open_ones(connection: Connection, site: str = "", limit: int = 100, before: int | None = None) -> list[Notice]:
    """Notices nobody has cleared, of a site or of all, newest first; with `before` those of lower numbers."""
    query = select(notice).where(notice.c.cleared_at.is_(None))
    if site:
        query = query.where(notice.c.site_id == site)
    if before is not None:
        query = query.where(notice.c.id < before)
    return every(Notice, connection.execute(query.order_by(notice.c.id.desc()).limit(limit)))


def clear(connection: Connection, notice_id: int, who: str) -> bool:
    """A person has seen to it."""
    statement = update(notice).where(notice.c.id == notice_id, notice.c.cleared_at.is_(None))
    return connection.execute(statement.values(cleared_at=func.now(), cleared_by=who)).rowcount == 1


def clear_of_report(connection: Connection, report_id: int, kind: str) -> None:
    """What they asked for has been done; the audit row of it says by whom."""
    same = (notice.c.report_id == report_id, notice.c.kind == kind, notice.c.cleared_at.is_(None))
    connection.execute(update(notice).where(*same).values(cleared_at=func.now()))
