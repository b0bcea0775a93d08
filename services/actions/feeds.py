"""A look at how the feeds of a site do, with its row in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.actions.looks import listed
from services.domain.feeds import Backlog, Feed
from services.domain.people import Person
from services.store import feeds


def looked_at(connection: Connection, person: Person) -> tuple[Sequence[Feed], Backlog]:
    """The feeds and the backlog of the person's site; those with an alarm first."""
    found = feeds.of_site(connection, person.site)
    listed(connection, person, "feeds", len(found))
    ordered = sorted(found, key=lambda feed: (not feed.alarms, feed.sender))
    return ordered, feeds.backlog(connection, person.site)
