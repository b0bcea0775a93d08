"""Which reports one finding could be drafted in at a time: those with nothing in them to stop and think about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from services.domain.reports import Json
from services.domain.words import REVIEW_TO_DO, ReadingState
from services.store.clock import NOW
from services.store.rows import every
from services.store.tables import draft, report, report_version, review, suggestion

LIMIT = 50


@dataclass(frozen=True, slots=True)
class Offered:
    """A suggestion that may be approved together with others of its finding, with the words it rests on."""

    id: int
    finding: Json
    status: str
    side: str | None
    quotes: list[Json]
    review_id: int
    revision: int
    report_id: int
    patient_name: str
    patient_id: str
    procedure: str
    text: str


def candidates(connection: Connection, site: str, finding: str, account_id: int) -> list[Offered]:
    """Undecided suggestions of a finding in free reports where nothing is critical, conflicting or unsupported."""
    free = or_(review.c.claimed_by.is_(None), review.c.claimed_until < NOW, review.c.claimed_by == account_id)
    quiet = and_(~_grave(), review.c.conflicts == 0, review.c.unsupported == 0)
    undecided = ~exists().where(draft.c.suggestion_id == suggestion.c.id)
    query = (
        select(
            suggestion.c.id, suggestion.c.finding, suggestion.c.status, suggestion.c.side, suggestion.c.quotes,
            review.c.id.label("review_id"), review.c.revision, review.c.report_id, report.c.patient_name,
            report.c.patient_id, report.c.procedure, report_version.c.text,
        )
        .join(review, review.c.version_id == suggestion.c.version_id)
        .join(report, report.c.id == review.c.report_id)
        .join(report_version, report_version.c.id == review.c.version_id)
        .where(review.c.site_id == site, review.c.state.in_(REVIEW_TO_DO), free, quiet, undecided)
        .where(review.c.signature_at.is_(None))
        .where(suggestion.c.finding_id == finding, suggestion.c.state == "proposed", suggestion.c.origin == "ai")
        .where(report.c.held == "", report_version.c.state == "current")
        # What is not wholly read is looked at by itself.
        .where(report_version.c.reading_state == ReadingState.READ)
        .where(func.jsonb_array_length(suggestion.c.quotes) > 0)
        .order_by(review.c.priority, review.c.created_at, review.c.id)
        .limit(LIMIT)
    )  # fmt: skip
    return every(Offered, connection.execute(query))


def _grave() -> ColumnElement[bool]:
    """Whether a review's version asserts a finding of a critical kind, one that raises no alarm ("unchanged") too."""
    other = suggestion.alias()
    kind = or_(other.c.critical, other.c.finding["critical"].as_boolean())
    return exists().where(
        other.c.version_id == review.c.version_id, other.c.state != "withdrawn", other.c.status == "present", kind
    )


def drafts_of(connection: Connection, account_id: int, draft_ids: Sequence[int]) -> list[tuple[int, int]]:
    """A person's own drafts among these, each with its review: (id, review_id)."""
    query = select(draft.c.id, draft.c.review_id).where(draft.c.id.in_(draft_ids), draft.c.account_id == account_id)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(draft.c.id))]
