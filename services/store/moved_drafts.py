"""Drafts that go with their suggestion from one version of a report to the next."""

from __future__ import annotations

from sqlalchemy import (
    Connection,
    text,
)

_KEPT = text(
    "UPDATE draft SET suggestion_id = fresh.id, carried = 'kept' FROM suggestion old, suggestion fresh "
    "WHERE draft.suggestion_id = old.id AND old.report_id = :report AND old.version_id <> :version "
    "AND fresh.version_id = :version AND fresh.finding_id = old.finding_id AND fresh.status = old.status "
    "AND fresh.side IS NOT DISTINCT FROM old.side AND fresh.state = 'proposed' "
    "AND NOT (fresh.unsupported AND draft.action = 'approve')"
)


_MOVED = text(
    "UPDATE draft SET suggestion_id = fresh.id, carried = 'moved', action = 'approve', value = '{}', reason_code = '' "
    "FROM suggestion fresh, review WHERE review.report_id = :report AND draft.review_id = review.id "
    "AND draft.action IN ('edit', 'add') AND fresh.version_id = :version AND fresh.state = 'proposed' "
    "AND fresh.finding_id = draft.value ->> 'finding_id' AND fresh.status = draft.value ->> 'status' "
    "AND fresh.side IS NOT DISTINCT FROM draft.value ->> 'side' AND NOT fresh.unsupported "
    "AND NOT EXISTS (SELECT FROM suggestion own WHERE own.id = draft.suggestion_id AND own.version_id = :version) "
    "AND NOT EXISTS (SELECT FROM draft other WHERE other.suggestion_id = fresh.id)"
)


def move_drafts(connection: Connection, report_id: int, version_id: int) -> None:
    """Drafts survive a correction: each moves to the new suggestion that says the same as its old one; what was said by
    hand and is suggested now becomes its approval."""
    for statement in (_KEPT, _MOVED):
        connection.execute(statement, {"report": report_id, "version": version_id})
