"""What leaves the house, and what a person must see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.reports import Json
from services.domain.words import DeliveryKind, DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing to tell one destination; its content is made from the rows when it is sent."""

    id: int
    site_id: str
    kind: DeliveryKind
    report_id: int
    version_id: int
    destination: str
    detail: Json
    state: DeliveryState
    lease_epoch: int
    lease_until: datetime | None
    attempts: int
    lost: int
    not_before: datetime
    reason: str
    trace: str
    created_at: datetime
    sent_at: datetime | None

    @property
    def event(self) -> str:
        """What a webhook tells, "" for all others."""
        return str(self.detail.get("event", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEvents:
    """Events for one receiver that it has not taken; `oldest`: seconds the first has waited, `reason`: its last."""

    destination: str
    pending: int
    dead: int
    oldest: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A critical result that nobody was told of in time."""

    id: int
    site_id: str
    report_id: int
    version_id: int
    processing: str


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """Deliveries of one state; `oldest`: the age in seconds of the oldest."""

    state: DeliveryState
    count: int
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person must see; the message holds no patients' text."""

    id: int
    site_id: str
    kind: str
    report_id: int | None
    message: str
    created_at: datetime
    cleared_at: datetime | None
    cleared_by: str
