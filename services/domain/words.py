"""The words of our states, kinds and roles. Each set stands behind a CHECK in the database."""

from __future__ import annotations

from enum import StrEnum


class MessageState(StrEnum):
    """Where a message is on its way."""

    RECEIVED = "received"
    QUEUED = "queued"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    DONE = "done"


class JobState(StrEnum):
    """Where a job is between being asked for and its end."""

    READY = "ready"
    LEASED = "leased"
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class JobKind(StrEnum):
    """What a job does: takes a message in, or has a version read."""

    INTAKE = "intake"
    ANALYSIS = "analysis"


class VersionState(StrEnum):
    """Whether a version counts; `superseding` while its suggestions are not stored yet and older ones show."""

    CURRENT = "current"
    SUPERSEDING = "superseding"
    SUPERSEDED = "superseded"
    RETRACTED = "retracted"


class ReadingState(StrEnum):
    """How far the reading of a version came: what a configured engine has not answered yet is pending.

    `nothing_found`: read, and nothing is suggested. `unread`: nobody could read it, nothing may be concluded.
    """

    PENDING = "pending"
    READ = "read"
    NOTHING_FOUND = "nothing_found"
    UNREAD = "unread"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class SuggestionState(StrEnum):
    """What became of a suggestion."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Origin(StrEnum):
    """Who said a finding first: an engine, or a person who added it by hand."""

    AI = "ai"
    HUMAN = "human"


class ReviewState(StrEnum):
    """Where the review of a report stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    SIGNED = "signed"
    REOPENED = "reopened"
    CANCELLED = "cancelled"


class DraftAction(StrEnum):
    """What a reviewer decided of a suggestion; `add` has no suggestion yet."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    ADD = "add"


class Carried(StrEnum):
    """What a correction made of a decision: `moved` where the report now suggests what was said by hand."""

    NOT = ""
    KEPT = "kept"
    MOVED = "moved"


class DeliveryState(StrEnum):
    """Whether a delivery has left the house."""

    PENDING = "pending"
    SENT = "sent"
    BLOCKED = "blocked"
    DEAD = "dead"


class DeliveryKind(StrEnum):
    """What a delivery tells its destination.

    `oru` goes to an interface engine, `webhook` to a receiver of events, the others to a FHIR server.
    """

    PROPOSED = "proposed"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"
    ORU = "oru"
    WEBHOOK = "webhook"


class WebhookEvent(StrEnum):
    """What a webhook can tell: types of Standard Webhooks."""

    SIGNED = "report.signed"
    NOT_COMMUNICATED = "critical_result.not_communicated"


class AdvisoryState(StrEnum):
    """What Sign said of an advisory last; `open` before."""

    OPEN = "open"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"


class SecondReadingState(StrEnum):
    """Where a blind second reading stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"


class CircuitState(StrEnum):
    """The breaker of an engine: open while its server is away, half open for one reading."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Role(StrEnum):
    """What an account may do."""

    REVIEWER = "reviewer"
    SIGNER = "signer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


VERSION_COUNTS = (VersionState.CURRENT, VersionState.SUPERSEDING)
"""States of the one version of a report that counts."""
NOT_READ = (ReadingState.UNREAD, ReadingState.FAILED, ReadingState.TIMED_OUT)
"""States of a reading from which nothing may be concluded."""
REVIEW_TO_DO = (ReviewState.OPEN, ReviewState.CLAIMED, ReviewState.REOPENED)
"""States in which a review waits for a signature."""
STANDS = (SuggestionState.APPROVED, SuggestionState.EDITED)
"""States in which a finding stands signed."""
DECIDED = (*STANDS, SuggestionState.REJECTED)
"""States a signature leaves suggestions in."""
