"""Decisions before Sign: drafts on suggestions, and findings added by hand. All can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from integration.canonical import Finding, Quote, Record, Side, Status
from services.domain.audit_actions import AuditAction
from services.domain.reports import Json, Suggestion
from services.domain.reviews import LockedReview
from services.store import openings, reviews
from services.store.reviews import Standing
from services.workflow.refusal import Refused
from services.workflow.review import Act, check_fit, found, held_open, note, stale

Action = Literal["approve", "edit", "reject", "add"]

REASONS: dict[str, str] = {
    "not_stated": "Report does not say this",
    "negated": "Report denies it",
    "historical": "Prior or known, not current",
    "hedged": "Only considered, not concluded",
    "wrong_finding": "Another finding is meant",
    "wrong_side": "Other side or place",
    "duplicate": "Said already by another finding",
    "not_relevant": "True but not worth recording",
}


NOT_IN_REPORT = "not_in_report"
"""The reason of an addition that rests on no words of the report."""


class Claim(Record):
    """What an edit or an addition says is so. `quotes` are slices of the version's text."""

    finding: Finding
    status: Literal[Status.PRESENT, Status.ABSENT, Status.UNCERTAIN]
    side: Side | None = None
    quotes: tuple[Quote, ...] = ()

    def as_value(self) -> Json:
        """How a draft keeps it."""
        return {"finding_id": self.finding.id, **self.model_dump(mode="json")}


@dataclass(frozen=True, slots=True)
class Decision:
    """One reviewer's word on one suggestion. `confirmed`: the second keystroke a disagreement asks for.

    `reason`: one of REASONS for a rejection, NOT_IN_REPORT for an addition without a quote.
    """

    suggestion_id: int | None
    action: Action
    claim: Claim | None = None
    reason: str = ""
    confirmed: bool = False


def open_suggestion(connection: Connection, act: Act, suggestion_id: int) -> None:
    """Notes that a suggestion stands open on the person's screen. Raises Refused where it is not theirs."""
    row = held_open(connection, act, check_revision=False)
    _suggestion(reviews.suggestions(connection, row.version_id), suggestion_id)
    openings.open_suggestion(connection, row.site_id, act.review_id, suggestion_id, act.person.id)


def decide(connection: Connection, act: Act, decision: Decision) -> None:
    """Stores a decision as a draft. The same decision sent twice (a reply lost on the way) is one.

    Raises Refused and changes nothing where the decision may not stand.
    """
    row = found(connection, act.person, act.review_id)
    check_fit(act, row, check_revision=False)
    standing = reviews.standing(connection, row.id, row.version_id, act.person.id)
    if _repeated(act, decision, standing):
        return
    if row.revision != act.revision:
        raise stale()
    opened_at = _check(decision, standing)
    value = decision.claim.as_value() if decision.claim else {}
    draft_id = reviews.put_draft(
        connection,
        site_id=row.site_id,
        review_id=act.review_id,
        suggestion_id=decision.suggestion_id,
        account_id=act.person.id,
        action=decision.action,
        value=value,
        reason_code=decision.reason,
        opened_at=opened_at,
    )
    _finish(connection, act, row, decision, draft_id)


def _finish(connection: Connection, act: Act, row: LockedReview, decision: Decision, draft_id: int) -> None:
    reviews.act(connection, act.review_id, act.person.id, act.claim)
    said = decision.claim.as_value() if decision.claim else {}
    detail: Json = {key: said[key] for key in ("finding_id", "status", "side") if key in said}
    if decision.reason:
        detail["reason"] = decision.reason
    note(
        connection, act.person, row, AuditAction[f"DRAFT_{decision.action.upper()}"],
        draft=draft_id, suggestion=decision.suggestion_id, confirmed=decision.confirmed, **detail,
    )  # fmt: skip


def _repeated(act: Act, decision: Decision, standing: Standing) -> bool:
    value = decision.claim.as_value() if decision.claim else {}
    wanted = (decision.suggestion_id, decision.action, value, decision.reason, act.person.id)
    return any(
        (row.suggestion_id, row.action, row.value, row.reason_code, row.account_id) == wanted for row in standing.drafts
    )


def _check(decision: Decision, standing: Standing) -> datetime | None:
    """When the suggestion was opened (None for an addition). Raises Refused where the decision may not stand."""
    if decision.claim is not None:
        _check_claim(decision, standing)
    if decision.action == "add":
        _check_evidence(decision)
        return None
    suggestion = _suggestion(standing.suggestions, decision.suggestion_id)
    if suggestion.id not in standing.opened:
        raise Refused("unopened", "Open a finding before you decide it.")
    if decision.action == "approve":
        _check_approval(suggestion, decision)
    if decision.action == "edit":
        _check_change(suggestion, decision)
    if decision.action == "reject" and decision.reason not in REASONS:
        raise Refused("reason", "Choose why the finding is rejected.")
    return standing.opened[suggestion.id]


def _check_approval(suggestion: Suggestion, decision: Decision) -> None:
    if suggestion.unsupported:
        raise Refused("unsupported", "The quote does not stand in the report: edit or reject this finding.")
    if suggestion.conflict and not decision.confirmed:
        raise Refused("confirm", "The rules engine disagrees: approve a second time to confirm.")


def _check_evidence(decision: Decision) -> None:
    if decision.claim and not decision.claim.quotes and decision.reason != NOT_IN_REPORT:
        raise Refused("evidence", "Mark the words in the report that say so, or say that it is not in the report.")


def _check_change(suggestion: Suggestion, decision: Decision) -> None:
    claim, status = decision.claim, suggestion.suggested_status or suggestion.status
    same = claim and (claim.finding.id, claim.status, claim.side) == (suggestion.finding_id, status, suggestion.side)
    if claim and same and not claim.quotes:
        raise Refused("unchanged", "Nothing is changed: approve the finding, or change something.")


def _check_claim(decision: Decision, standing: Standing) -> None:
    claim = decision.claim
    if claim is None or decision.action not in ("edit", "add"):
        raise Refused("value", "Only an edit or an addition says something else.")
    taken: set[tuple[str | None, str | None]] = {
        (each.finding_id, each.side)
        for each in standing.suggestions
        if each.id != decision.suggestion_id and each.origin == "ai"
    }
    taken |= {
        (each.value.get("finding_id"), each.value.get("side"))
        for each in standing.drafts
        if each.action in ("edit", "add") and (each.suggestion_id or 0) != decision.suggestion_id
    }
    if (claim.finding.id, claim.side) in taken:
        raise Refused("duplicate", "That finding on that side is in the list already: decide it there.")


def _suggestion(suggestions: Sequence[Suggestion], suggestion_id: int | None) -> Suggestion:
    for suggestion in suggestions:
        if suggestion.id == suggestion_id and suggestion.origin == "ai":
            return suggestion
    raise Refused("stale", "That finding is not suggested any more; a correction has changed the list.")


def undo(connection: Connection, act: Act, draft_id: int) -> None:
    """Takes a draft back. One that is gone already is no error."""
    row = held_open(connection, act, check_revision=False)
    dropped = reviews.drop_draft(connection, act.review_id, draft_id)
    if dropped:
        reviews.advance(connection, act.review_id)
        note(connection, act.person, row, AuditAction.DRAFT_UNDO, draft=draft_id, suggestion=dropped.suggestion_id)
