"""Reviews: who has a report open, what is drafted, what a second reader is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integration.canonical import Processing
from services.domain.reports import Json
from services.domain.words import Carried, DraftAction, ReadingState, ReviewState, SecondReadingState, VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The review of one report; the counts are of its version's suggestions.

    `signature_at`, `signature_by`: of a signature that can still be taken back, until `releases_at`.
    """

    id: int
    site_id: str
    report_id: int
    version_id: int
    state: ReviewState
    revision: int
    priority: int
    note: str
    suggestions: int
    critical: int
    conflicts: int
    unsupported: int
    claimed_by: int | None
    claimed_until: datetime | None
    opened_at: datetime | None
    first_action_at: datetime | None
    reasoning_opened_at: datetime | None
    signed_at: datetime | None
    signed_by: int | None
    signature_at: datetime | None
    signature_by: int | None
    releases_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedReview(Review):
    """A review locked until the transaction ends, with its report's and version's standing.

    `claimer` is a name, None where free; `claim_live`: whether the claim has not run out. `version_age`: seconds since
    the version came.
    """

    claimer: str | None
    claim_live: bool
    version_state: VersionState
    version_age: float
    content_hash: str
    reading_state: ReadingState
    held: str
    key: str
    processing: Processing


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a reviewer has decided but not signed. `name`: who, where that was asked.

    `carried`: what a correction made of it.
    """

    id: int
    site_id: str
    review_id: int
    suggestion_id: int | None
    account_id: int
    action: DraftAction
    value: Json
    reason_code: str
    opened_at: datetime | None
    decided_at: datetime
    carried: Carried = Carried.NOT
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """How a review stands, for somebody who has it on the screen; `signed_by` also where it can be taken back."""

    state: ReviewState
    version_id: int
    version_state: VersionState
    reading_state: ReadingState
    claimed_by: int | None
    claimer: str | None
    claim_live: bool
    signed_by: int | None
    signer: str | None


@dataclass(frozen=True, slots=True)
class Showing:
    """A report on somebody's screen: for how many seconds, and whether they saw its end."""

    version_id: int
    seconds: float
    ended: bool


@dataclass(frozen=True, slots=True)
class PendingSignature:
    """A signature that can still be taken back, for so many seconds."""

    review_id: int
    report_id: int
    patient_name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReviewCount:
    """Reviews of one state and priority; `oldest`: the age in seconds of the oldest."""

    state: ReviewState
    priority: int
    count: int
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """A signed report to be read again, blind. `findings` (canonical) are what the second reader is asked."""

    id: int
    site_id: str
    review_id: int
    report_id: int
    version_id: int
    findings: list[Json]
    state: SecondReadingState
    claimed_by: int | None
    claimed_until: datetime | None
    opened_at: datetime | None
    finished_at: datetime | None
    account_id: int | None
    created_at: datetime
    signed_by: int | None
    stands: bool
    patient_name: str
    patient_id: str
    accession: str
    procedure: str
    modality: str
    observed_at: datetime | None
    text: str
    record: Json
    claimer: str | None
    claim_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondAnswer:
    """What the second reader says of one finding."""

    id: int
    site_id: str
    second_reading_id: int
    finding_id: str
    finding: Json
    status: str
    side: str | None
    suggested: bool
    answered_at: datetime
