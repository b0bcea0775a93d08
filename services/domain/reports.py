"""Reports, their versions and sources, and what readers suggested of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.canonical import Processing
from services.domain.words import AdvisoryState, Origin, ReadingState, ReviewState, SuggestionState, VersionState

Json = dict[str, Any]
"""A canonical record as the database keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """The document of one accession; what lists show of it. `held`: why a person must decide first.

    `order_known`: whether another report has its order, None where that was not asked; `alias_of`: the report that its
    key is a further key of.
    """

    id: int
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
    processing: Processing
    observed_at: datetime | None
    created_at: datetime
    order_known: bool | None = None
    alias_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one message said of a report; `record` is a canonical Report."""

    id: int
    site_id: str
    report_id: int
    version_id: int | None
    message_id: int
    door: str
    reference: str
    reference_version: str
    record: Json
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The text of a report at one time; `record` is the canonical Report composed from its sources."""

    id: int
    site_id: str
    report_id: int
    content_hash: str
    state: VersionState
    status: str
    text: str
    record: Json
    issued_at: datetime | None
    number: int
    reading_state: ReadingState
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A reading's finding shown for review, or one added by hand, and what became of it."""

    id: int
    site_id: str
    report_id: int
    version_id: int
    analysis_id: int | None
    identifier: str
    finding_id: str
    finding: Json
    side: str | None
    status: str
    suggested_status: str | None
    change: str | None
    quotes: list[Json]
    rationale: str
    rule: str
    rules_status: str | None
    readers: Json
    confidence: float | None
    agreement: float | None
    calibration_id: int | None
    critical: bool
    conflict: bool
    unsupported: bool
    origin: Origin
    position: int
    state: SuggestionState
    reason: str
    created_at: datetime
    decided_at: datetime | None
    decided_by: str


@dataclass(frozen=True, slots=True)
class SignedElsewhere:
    """A finding that stands signed under another version."""

    id: int
    version_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAdvisory:
    """What was decided of an advisory; `record` is the canonical Advisory, `told` who was told of it
    (services.workflow.telling.Told)."""

    id: int
    site_id: str
    report_id: int
    version_id: int
    identifier: str
    kind: str
    record: Json
    left_out: bool
    state: AdvisoryState
    signed_by: str
    signed_at: datetime | None
    ended_at: datetime | None
    overdue_at: datetime | None
    told: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionHead:
    """A version with its latest reading, its FHIR source, and its report's key, review and signer."""

    id: int
    report_id: int
    state: VersionState
    content_hash: str
    record: Json
    reading_state: ReadingState
    created_at: datetime
    key: str
    reviewed: int | None
    review_state: ReviewState | None
    signed_at: datetime | None
    signed_by: int | None
    released_at: datetime | None
    note: str | None
    practitioner: str | None
    analysis_id: int | None
    engine: Json | None
    read_at: datetime | None
    reference: str | None
    reference_version: str | None


@dataclass(frozen=True, slots=True)
class HeldReport:
    """A report a person must decide on; `held` says why."""

    id: int
    patient_id: str
    accession: str
    filler: str
    held: str
    created_at: datetime
