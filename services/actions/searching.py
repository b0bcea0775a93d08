"""A search among messages by somebody, with its row in the audit trail: which fields were used, never the words."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection

from services.actions.looks import listed
from services.domain.message_search import Found, Search
from services.domain.people import Person
from services.store import message_search

# What may name a patient, and what is no choice.
_PRIVATE, _SILENT = ("query",), ("texts", "before")


def searched(connection: Connection, person: Person, wanted: Search, limit: int) -> tuple[list[Found], int | None]:
    """The newest messages of the person's site that fit, and the id below which the next page begins, if any."""
    found = message_search.find(connection, person.site, wanted, limit + 1)
    page = found[:limit]
    listed(connection, person, "messages", len(page), **_chosen(wanted))
    return page, page[-1].message.id if len(found) > limit else None


def _chosen(wanted: Search) -> dict[str, object]:
    said = {name: value for name, value in asdict(wanted).items() if value and name not in _SILENT}
    return {name: True if name in _PRIVATE or name in ("since", "until") else value for name, value in said.items()}
