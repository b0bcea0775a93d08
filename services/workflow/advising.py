"""Advisories at Sign: what a reading says of the whole report leaves the house only once a radiologist let it stand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from integration.canonical import Advisory, AdvisoryKind, sha256
from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.domain.reports import Suggestion
from services.domain.reviews import LockedReview
from services.store import advisories, review_screen, reviews
from services.store.rows import Values
from services.workflow.refusal import Refused
from services.workflow.review import Act, held_open, note

# Scores are the report's own words, instructions in a text are for the reviewer: neither leaves the house.
LEAVING = (AdvisoryKind.CRITICAL_RESULT, AdvisoryKind.FOLLOW_UP, AdvisoryKind.DISCREPANCY)


def identifier(report_key: str, content_hash: str, said: Advisory) -> str:
    """One for each advisory on each version of a report (sha256 hex): the same text gives the same again."""
    quotes = (quote.text for quote in said.quotes)
    return sha256(report_key, content_hash, said.kind, said.message, *quotes)


def leaving(connection: Connection, version_id: int, key: str, content_hash: str) -> dict[str, Advisory]:
    """Identifier → advisory of the current reading of a version, of the kinds that can leave; `key`: the report's."""
    reading = review_screen.reading(connection, version_id)
    found = [Advisory.model_validate(each) for each in reading.advisories] if reading else []
    return {identifier(key, content_hash, each): each for each in found if each.kind in LEAVING}


def _leaving(connection: Connection, row: LockedReview) -> dict[str, Advisory]:
    return leaving(connection, row.version_id, row.key, row.content_hash)


def leave_out(connection: Connection, act: Act, name: str, *, left_out: bool = True) -> None:
    """Drafts that the reviewer does not want this one sent, or that they do after all; Sign makes it count.

    Said twice, it is said once. Raises Refused.
    """
    row = held_open(connection, act, check_revision=False)
    said = _leaving(connection, row).get(name)
    if said is None:
        raise Refused("stale", "That advisory is not on the report any more; a correction has changed it.")
    if advisories.leave_out(connection, left_out=left_out, **named(row, name, said)):
        reviews.advance(connection, act.review_id)
        note(
            connection,
            act.person,
            row,
            AuditAction.ADVISORY_LEAVE_OUT if left_out else AuditAction.ADVISORY_PUT_BACK,
            kind=said.kind,
        )


def settle(connection: Connection, signer: Person, row: LockedReview) -> int:
    """At Sign: what was not left out stands, what stood and is gone stands no more; how many stand.

    To be called once the suggestions are settled.
    """
    said = _leaving(connection, row).items()
    left_out = advisories.left_out(connection, row.version_id) if said else ()
    suggestions = reviews.suggestions(connection, row.version_id) if said else ()
    standing = {name: each for name, each in said if name not in left_out and not _was_refuted(each, suggestions)}
    for name, each in standing.items():
        advisories.sign(connection, signed_by=signer.practitioner, **named(row, name, each))
    if row.signed_at is not None:
        advisories.withdraw(connection, row.version_id, but=standing)
    if standing:
        advisories.keep_told(connection, row.report_id, row.version_id)
    return len(standing)


def _was_refuted(said: Advisory, suggestions: Sequence[Suggestion]) -> bool:
    """A critical result whose finding the radiologist did not sign as present is none."""
    if said.kind is not AdvisoryKind.CRITICAL_RESULT or not said.quotes:
        return False
    about = resting_on(said, suggestions)
    return bool(about) and not any(is_asserted(each) for each in about)


def resting_on(said: Advisory, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """Suggestions with the passage an advisory begins with among their evidence."""
    first = said.quotes[0].model_dump(mode="json") if said.quotes else None
    return [each for each in suggestions if first in each.quotes]


def is_asserted(suggestion: Suggestion) -> bool:
    """Whether a radiologist signed the finding as present."""
    return suggestion.state in ("approved", "edited") and suggestion.status == "present"


def named(row: LockedReview, name: str, said: Advisory) -> Values:
    """The columns of its row."""
    return {
        "site_id": row.site_id,
        "report_id": row.report_id,
        "version_id": row.version_id,
        "identifier": name,
        "kind": said.kind.value,
        "record": said.model_dump(mode="json"),
    }
