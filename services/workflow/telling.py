"""Who was told of a critical result: recorded where the report does not say it, sent with its Flag."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from integration.canonical import Advisory, AdvisoryKind
from services.domain.audit_actions import AuditAction
from services.domain.reports import Json, Suggestion
from services.domain.reviews import Draft, LockedReview
from services.domain.words import DeliveryKind, ReviewState
from services.store import advisories
from services.workflow import advising, releasing
from services.workflow.contradictions import Contradiction
from services.workflow.refusal import Refused
from services.workflow.releasing import Destinations
from services.workflow.review import Act, found, note

MEANS: dict[str, str] = {
    "phone": "by telephone",
    "in_person": "in person",
    "message": "by secure message",
    "other": "by other means",
}
_EARLIEST = timedelta(days=30)
_CLOCKS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Told:
    """One communication: a person's name or role, when (with offset), by one of MEANS, and whether it was read back."""

    person: str
    at: datetime
    means: str
    read_back: bool = False

    def as_value(self) -> Json:
        """How an advisory keeps it."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        return {"person": self.person.strip(), "at": at, "means": self.means, "read_back": self.read_back}


def tell(connection: Connection, act: Act, told: Told, targets: Destinations) -> None:
    """Records who was told of the critical results of a report; what is signed already is sent again with it.

    Raises Refused: role, closed, value.
    """
    row = found(connection, act.person, act.review_id)
    _check(act, row, told)
    said = _critical(advising.leaving(connection, row.version_id, row.key, row.content_hash))
    if not said:
        raise Refused("value", "No critical result stands on this report.")
    for name, each in said.items():
        advisories.tell(connection, told.as_value(), **advising.named(row, name, each))
    note(connection, act.person, row, AuditAction.REVIEW_TOLD, means=told.means, read_back=told.read_back)
    if row.state is ReviewState.SIGNED:
        releasing.send_again(connection, row, [each for each in targets if each.kind == DeliveryKind.SIGNED])


def forget(connection: Connection, act: Act) -> None:
    """Takes back what was recorded, while the report is unsigned; having nothing recorded is no error."""
    row = found(connection, act.person, act.review_id)
    if row.state is ReviewState.SIGNED or row.signature_at is not None:
        raise Refused("closed", "This report is signed: record anew who was told.")
    if advisories.forget_told(connection, row.version_id):
        note(connection, act.person, row, AuditAction.REVIEW_TOLD_UNDONE)


def untold(
    said: Mapping[str, Advisory],
    told: Mapping[str, Sequence[Json]],
    left_out: Collection[str],
    suggestions: Sequence[Suggestion],
    drafts: Sequence[Draft],
) -> list[Contradiction]:
    """What a signer is asked where neither the report nor anybody here says who was told.

    `said` by identifier, `told` by message.
    """
    open_ones = [
        each
        for name, each in _critical(said).items()
        if name not in left_out and not told.get(each.message) and not _refuted(each, suggestions, drafts)
    ]
    if not open_ones:
        return []
    words = "Nobody is said to have been told of a critical result: record who was, or sign and record it afterwards."
    return [Contradiction("untold", words)]


def is_told(said: Advisory) -> bool:
    """Whether the report itself says that a critical result was communicated."""
    return said.detail.get("communicated") == "yes"


def _critical(said: Mapping[str, Advisory]) -> dict[str, Advisory]:
    return {
        name: each for name, each in said.items() if each.kind is AdvisoryKind.CRITICAL_RESULT and not is_told(each)
    }


def _refuted(said: Advisory, suggestions: Sequence[Suggestion], drafts: Sequence[Draft]) -> bool:
    """Whether the drafts leave nothing present of what the result rests on."""
    chosen = {each.suggestion_id: each for each in drafts if each.suggestion_id is not None}
    about = [chosen.get(each.id) for each in advising.resting_on(said, suggestions)]
    return bool(about) and all(each is not None and _denies(each) for each in about)


def _denies(draft: Draft) -> bool:
    return draft.action == "reject" or (draft.action == "edit" and draft.value["status"] != "present")


def _check(act: Act, row: LockedReview, told: Told) -> None:
    if not act.person.may("reviewer", "signer"):
        raise Refused("role", "Only a reviewer or signer can record who was told.")
    if row.state is ReviewState.CANCELLED or row.held:
        raise Refused("closed", "This report cannot be reviewed now.")
    if not told.person.strip():
        raise Refused("value", "Say who was told.")
    if told.means not in MEANS:
        raise Refused("value", f"Choose how: {', '.join(MEANS.values())}.")
    now = datetime.now(UTC)
    if not now - _EARLIEST <= told.at <= now + _CLOCKS:
        raise Refused("value", "Give the time they were told: it is not in the future, nor more than 30 days ago.")
