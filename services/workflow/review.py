"""The review of one report: claimed, drafted, released, amended. Each transition is one function.

open → claimed → signed → (amend or a correction) reopened → claimed → signed. A claim is a lease: it runs out,
and another reviewer may take it over before that. Signing is in services/workflow/signing.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.domain.reviews import LockedReview
from services.domain.words import REVIEW_TO_DO
from services.store import audit, reviews
from services.workflow.refusal import Refused


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts on which review, having seen which revision of it; the claim is renewed by `claim` seconds."""

    person: Person
    review_id: int
    revision: int
    claim: float


def note(connection: Connection, person: Person, row: LockedReview, action: AuditAction, **detail: object) -> None:
    """The audit row of a change of a review."""
    audit.append(
        connection,
        site=row.site_id,
        actor=person.actor,
        action=action,
        entity=f"review/{row.id}",
        report_id=row.report_id,
        detail=detail,
    )


def claim(connection: Connection, person: Person, review_id: int, seconds: float, take_over: bool = False) -> bool:
    """Opens a review for a person; False where another has it open and it is not taken over.

    Raises Refused where there is nothing to claim or the role is missing.
    """
    return claim_found(connection, person, found(connection, person, review_id), seconds, take_over)


def claim_found(
    connection: Connection, person: Person, row: LockedReview, seconds: float, take_over: bool = False
) -> bool:
    """The same for a review found, and locked, in this transaction."""
    _check_openable(person, row)
    mine = row.claimed_by == person.id
    if row.claim_live and not mine and not take_over:
        return False
    reviews.claim(connection, row.id, person.id, seconds)
    if not (mine and row.claim_live):
        taken = row.claimed_by if row.claim_live else None
        note(
            connection,
            person,
            row,
            AuditAction.REVIEW_TAKE_OVER if taken else AuditAction.REVIEW_CLAIM,
            taken_from=taken,
        )
    return True


def _check_openable(person: Person, row: LockedReview) -> None:
    if not person.may("reviewer", "signer"):
        raise Refused("role", "Only a reviewer or signer can open a report for review.")
    if row.state not in REVIEW_TO_DO:
        raise Refused("closed", f"This review is {row.state}.")
    if row.signature_at is not None:
        raise Refused("closed", "This report has just been signed.")


def found(connection: Connection, person: Person, review_id: int) -> LockedReview:
    """The review, locked. Raises Refused where the person's site has none of that number."""
    row = reviews.locked(connection, review_id)
    if row is None or row.site_id != person.site:
        raise Refused("unknown", "There is no such review.")
    return row


def check_revision(connection: Connection, person: Person, review_id: int, revision: int) -> None:
    """Raises Refused where the review has changed since that revision; locks it until the transaction ends."""
    if found(connection, person, review_id).revision != revision:
        raise stale()


def release(connection: Connection, person: Person, review_id: int) -> None:
    """Gives a claim back; not having one is no error."""
    row = found(connection, person, review_id)
    if row.state == "claimed" and row.claimed_by == person.id and row.signature_at is None:
        reviews.release(connection, review_id)
        note(connection, person, row, AuditAction.REVIEW_RELEASE)


AMENDMENTS: dict[str, str] = {
    "mistake": "What was signed is wrong",
    "missed": "A finding was missed",
    "new_information": "Something new is known",
    "asked": "The referrer asked",
    "other": "Another reason",
}


def amend(connection: Connection, act: Act, reason: str) -> None:
    """Opens a signed review again; its decisions are the drafts to go on from. `reason`: one of AMENDMENTS."""
    row = found(connection, act.person, act.review_id)
    if not act.person.may("signer"):
        raise Refused("role", "Only a signer can amend a signed report.")
    if row.state != "signed":
        raise Refused("closed", "Only a signed report can be amended.")
    if row.revision != act.revision:
        raise stale()
    if reason not in AMENDMENTS:
        raise Refused("reason", "Choose why the report is amended.")
    reviews.advance(connection, act.review_id, state="reopened", claimed_by=None, claimed_until=None)
    reviews.claim(connection, act.review_id, act.person.id, act.claim)
    note(connection, act.person, row, AuditAction.REVIEW_AMEND, reason=reason)


def held_open(connection: Connection, act: Act, *, check_revision: bool = True) -> LockedReview:
    """The review, locked, claimed by the person and fit for a decision; the claim is renewed.

    Raises Refused: closed, claimed by another, held, being read again, or changed since `act.revision`.
    """
    row = found(connection, act.person, act.review_id)
    check_fit(act, row, check_revision=check_revision)
    reviews.claim(connection, act.review_id, act.person.id, act.claim)
    return row


def check_fit(act: Act, row: LockedReview, *, check_revision: bool = True) -> None:
    """Raises Refused where a review that was found is not fit for a decision by this person, as above."""
    _check_openable(act.person, row)
    if row.claim_live and row.claimed_by != act.person.id:
        raise Refused("claimed", f"This report is now open by {row.claimer}. Your drafts are kept.")
    if row.held:
        raise Refused("held", "This report is held until an operator has decided which patient it belongs to.")
    if row.version_state != "current":
        raise Refused("rereading", "A correction has arrived and is being read; the suggestions will follow.")
    if check_revision and row.revision != act.revision:
        raise stale()


def stale() -> Refused:
    """What a decision meets that was made on an older state of the review."""
    return Refused("stale", "This report changed while you had it open. What you decided is kept; look again.")
