"""Looks that leave a row in the audit trail: lists that name patients, reports, messages, the trail itself, exports."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from services.actions.operating import Operator
from services.domain.audit_actions import AuditAction
from services.domain.audit_rows import AuditRow
from services.domain.messages import Message
from services.domain.people import Person
from services.domain.reports import HeldReport, Json
from services.domain.reviews import LockedReview
from services.store import audit, inbox, operating, reviews
from services.store.audit import Wanted
from services.workflow import review
from services.workflow.refusal import Refused


def listed(connection: Connection, person: Person, what: str, rows: int, **chosen: object) -> None:
    """The row of a list somebody looked at, and by which choices; never what they searched for, which may be a name."""
    detail = {"rows": rows, **{name: value for name, value in chosen.items() if value}}
    _note(connection, person, AuditAction.LIST_VIEW, what, detail)


def held_reports(connection: Connection, person: Person, limit: int, before: int | None = None) -> list[HeldReport]:
    """Held reports, which name patients, with the row of this person's look at them where there are any."""
    rows = operating.held_reports(connection, person.site, limit, before)
    if rows:
        listed(connection, person, "held reports", len(rows))
    return rows


def exported(connection: Connection, person: Person, what: str, rows: int, report_id: int | None = None) -> None:
    """The row of an export."""
    _note(connection, person, AuditAction.EXPORT, what, {"rows": rows}, report_id)


def message_opened(connection: Connection, by: Operator, message_id: int) -> Message:
    """A message, with the row of this look at it. Raises Refused where there is none of that number at their site."""
    try:
        row = inbox.get(connection, message_id)
    except NoResultFound:
        raise Refused("unknown", "There is no such message.") from None
    if by.site not in (None, row.site_id):
        raise Refused("unknown", "There is no such message.")
    entity = f"message/{message_id}"
    audit.append(connection, site=row.site_id, actor=by.actor, action=AuditAction.MESSAGE_SHOW, entity=entity)
    return row


def report_viewed(connection: Connection, person: Person, row: LockedReview) -> None:
    """The row of a report somebody opened."""
    review.note(connection, person, row, AuditAction.REVIEW_VIEW)


def priors_viewed(connection: Connection, person: Person, report_ids: Sequence[int]) -> None:
    """The rows of a patient's other reports that stood beside the one that was opened."""
    action = AuditAction.REVIEW_VIEW_AS_PRIOR
    audit.append_each(connection, report_ids, site=person.site, actor=person.actor, action=action)


def printing(connection: Connection, person: Person, report_id: int) -> int:
    """The review of a report that is put on paper, with the row of it. Raises Refused: unknown."""
    row = reviews.locked_of_report(connection, report_id)
    if row is None or row.site_id != person.site:
        raise Refused("unknown", "There is no report of that number.")
    review.note(connection, person, row, AuditAction.REVIEW_PRINT)
    return row.id


def reasoning_read(connection: Connection, person: Person, review_id: int) -> None:
    """Notes that somebody read a model's reasoning. Raises Refused: unknown."""
    row = review.found(connection, person, review_id)
    reviews.touch(connection, review_id, "reasoning_opened_at")
    review.note(connection, person, row, AuditAction.REVIEW_REASONING)


def trail(connection: Connection, person: Person, limit: int, wanted: Wanted) -> list[AuditRow]:
    """Rows of the audit trail for somebody's screen."""
    rows = audit.search(connection, person.site, wanted, limit)
    detail = {"rows": len(rows), "report": wanted.report_id, "action": wanted.action}
    _note(connection, person, AuditAction.AUDIT_VIEW, "", {name: value for name, value in detail.items() if value})
    return rows


def trail_exported(connection: Connection, person: Person, limit: int, wanted: Wanted) -> list[AuditRow]:
    """Rows of the audit trail that leave as a file or over the API."""
    rows = audit.search(connection, person.site, wanted, limit)
    exported(connection, person, "audit", len(rows))
    return rows


def trail_printed(connection: Connection, site: str, by: Operator, limit: int, wanted: Wanted) -> list[AuditRow]:
    """Rows of a site's audit trail for a command."""
    rows = audit.search(connection, site, wanted, limit)
    detail = {"rows": len(rows)}
    audit.append(connection, site=site, actor=by.actor, action=AuditAction.EXPORT, entity="audit", detail=detail)
    return rows


def trail_verified(connection: Connection, person: Person) -> audit.Verified:
    """The trail's chain recomputed, with the row of who asked for it."""
    _note(connection, person, AuditAction.AUDIT_VERIFY)
    return audit.verify(connection)


def _note(
    connection: Connection, person: Person, action: AuditAction, entity: str = "",
    detail: Json | None = None, report_id: int | None = None,
) -> None:  # fmt: skip
    audit.append(
        connection, site=person.site, actor=person.actor, action=action, entity=entity, report_id=report_id,
        detail=detail,
    )  # fmt: skip
