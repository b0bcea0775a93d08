"""One finding drafted in several reports at a time. Drafts only: each report is still opened and signed by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.store import audit, bulk, reviews
from services.store.bulk import Offered
from services.workflow import drafting, review
from services.workflow.drafting import Decision
from services.workflow.review import Act


def offered(connection: Connection, person: Person, finding: str) -> list[Offered]:
    """What can be drafted at a time: low-risk suggestions of one finding whose quotes stand in their reports."""
    rows = bulk.candidates(connection, person.site, finding, person.id)
    return [row for row in rows if _verified(row)]


def _verified(row: Offered) -> bool:
    return all(row.text[quote["start"] : quote["end"]] == quote["text"] for quote in row.quotes)


def look(connection: Connection, person: Person, finding: str) -> list[Offered]:
    """What is offered; the trail says of each report that this person saw its words."""
    rows = offered(connection, person, finding)
    seen = [row.report_id for row in rows]
    audit.append_each(connection, seen, site=person.site, actor=person.actor, action=AuditAction.BULK_VIEW)
    return rows


def approve(connection: Connection, person: Person, finding: str, chosen: Collection[int], claim: float) -> list[int]:
    """Approves the chosen ones that are still offered, having shown their quotes; the drafts' ids."""
    rows = [row for row in offered(connection, person, finding) if row.id in chosen]
    return [_approve(connection, Act(person, row.review_id, row.revision, claim), row) for row in rows]


def _approve(connection: Connection, act: Act, row: Offered) -> int:
    review.claim(connection, act.person, act.review_id, act.claim)
    drafting.open_suggestion(connection, act, row.id)
    drafting.decide(connection, act, Decision(row.id, "approve"))
    review.release(connection, act.person, act.review_id)
    drafts = reviews.drafts(connection, act.review_id)
    return next(int(draft.id) for draft in drafts if draft.suggestion_id == row.id)


def undo(connection: Connection, person: Person, draft_ids: Sequence[int], claim: float) -> int:
    """Takes back those of these drafts that are the person's own and not signed; how many."""
    rows = bulk.drafts_of(connection, person.id, draft_ids)
    for draft_id, review_id in rows:
        drafting.undo(connection, Act(person, review_id, 0, claim), draft_id)
        review.release(connection, person, review_id)
    return len(rows)
