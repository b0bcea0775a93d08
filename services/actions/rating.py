"""One item of the QUEST form, stored."""

from __future__ import annotations

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.store import ratings, review_screen
from services.workflow import review


def store_rating(connection: Connection, person: Person, review_id: int, item: str, value: int) -> None:
    """Stores one item with the versions of what made the reading, and its audit row."""
    row = review.found(connection, person, review_id)
    reading = review_screen.reading(connection, row.version_id)
    ratings.put(
        connection,
        site_id=row.site_id,
        review_id=review_id,
        account_id=person.id,
        item=item,
        value=value,
        engine=reading.engine if reading else {},
    )
    review.note(connection, person, row, AuditAction.REVIEW_RATE, item=item, value=value)
