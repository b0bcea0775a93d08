"""Looks that leave a row in the audit trail without opening a report: lists that name patients."""

from __future__ import annotations

from sqlalchemy import Connection

from services.store import audit
from services.store.people import Person


def listed(connection: Connection, person: Person, what: str, rows: int, **chosen: object) -> None:
    """The row of a list somebody looked at, and by which choices; never what they searched for, which may be a name."""
    detail = {"rows": rows, **{name: value for name, value in chosen.items() if value}}
    audit.append(connection, site=person.site, actor=person.actor, action="list.view", entity=what, detail=detail)
