"""Messages as they came in, and the jobs that take them in and have reports read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.words import JobKind, JobState, MessageState

Octets = bytes
"""The type, where a column of that name hides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What came in through either door. `body`: the bytes between VT and FS, or the JSON that was re-read.

    `notes` name by place what stands beside its reports; `continues` (MSH-14) and `goes_on` (DSC-1) tie it to others.

    `body` and `ack` are None where they were not asked for, too.
    """

    id: int
    site_id: str
    door: str
    peer: str
    application: str
    facility: str
    control_id: str | None
    message_type: str
    resource: str | None
    resource_version: str | None
    received_at: datetime
    bytes: int
    sha256: str
    truncated: bool
    state: MessageState
    reason: str
    ack_code: str | None
    duplicate_of: int | None
    control_id_reused: bool
    parent_id: int | None
    part: int | None
    trace: str
    notes: list[str]
    continues: str
    goes_on: str
    body: Octets | None = None
    ack: Octets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work on a message or a version. `lost` counts workers that vanished under it, `failed` its own failures."""

    id: int
    site_id: str
    kind: JobKind
    message_id: int | None
    version_id: int | None
    engine: str
    shadow: bool
    state: JobState
    priority: int
    sender: str
    lease_epoch: int
    lease_owner: str
    leased_at: datetime | None
    lease_until: datetime | None
    lost: int
    failed: int
    not_before: datetime
    published_at: datetime | None
    reason: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def intake_of(self) -> int:
        """The message an intake job takes in."""
        assert self.message_id is not None
        return self.message_id

    @property
    def reading_of(self) -> int:
        """The version an analysis job has read."""
        assert self.version_id is not None
        return self.version_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob(Job):
    """A job under our lease, with what its message holds; empty for a job without a message."""

    door: str
    peer: str
    application: str
    facility: str
    part: int | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStanding(Job):
    """A job as operators see it: its `age` and its `wait` in seconds, and its engine's circuit."""

    age: float
    wait: float
    circuit: str | None


@dataclass(frozen=True, slots=True)
class WakeUp:
    """A job to be published to the broker."""

    id: int
    priority: int


@dataclass(frozen=True, slots=True)
class JobCount:
    """Jobs of one state and priority; `oldest`: the age in seconds of the oldest."""

    state: JobState
    priority: int
    count: int
    oldest: float
