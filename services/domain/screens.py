"""What stands on the screen of a review: the report as it stands, its reading, its patient's other reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.reports import Json
from services.domain.words import ReadingState, ReviewState, VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderReview:
    """A report with its review and the version under review.

    `id`, `state`, `revision`, `note` and the times are the review's; `number`, `text`, `record` (canonical Report
    without its text), `report_status`, `content_hash` the version's; `version_age`, `waiting`: seconds.
    """

    id: int
    report_id: int
    version_id: int
    state: ReviewState
    revision: int
    note: str
    claimed_by: int | None
    claim_live: bool
    claimer: str | None
    first_action_at: datetime | None
    reasoning_opened_at: datetime | None
    signed_at: datetime | None
    signer: str | None
    signer_practitioner: str | None
    signature_at: datetime | None
    signature_by: int | None
    releases_at: datetime | None
    created_at: datetime
    site_id: str
    key: str
    patient_id: str
    patient_authority: str
    patient_name: str
    accession: str
    filler: str
    procedure: str
    modality: str
    body_site: str
    priority: int
    held: str
    processing: str
    observed_at: datetime | None
    text: str
    record: Json
    number: int
    report_status: str
    version_state: VersionState
    version_age: float
    content_hash: str
    reading_state: ReadingState
    issued_at: datetime | None
    waiting: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReading:
    """The newest reading of a version that reviewers see, without its verdicts."""

    id: int
    version_id: int
    job_id: int | None
    engine: Json
    advisories: list[Json]
    flagged: list[Json]
    unread: str
    reasoning: str
    failed: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Prior:
    """Another report of the patient, with the text that counts and its review's state."""

    report_id: int
    procedure: str
    modality: str
    observed_at: datetime | None
    created_at: datetime
    text: str
    state: ReviewState | None


@dataclass(frozen=True, slots=True)
class PriorFinding:
    """What such a report was signed with."""

    report_id: int
    finding: Json
    status: str
    side: str | None
