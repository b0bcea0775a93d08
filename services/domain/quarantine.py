"""What is held in quarantine, grouped; what messages read again became, or would become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.domain.words import MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Messages of one sender with one kind of reason. `days`: how many came on each of the last days, oldest first.

    `key` names it in addresses: sender and reason together.
    """

    key: str
    sender: str
    reason: str
    count: int
    first: datetime
    last: datetime
    days: list[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message became, or would become: "done", "ignored", "quarantined", or "" where nobody can say yet."""

    message_id: int
    state: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A message of a replay: why it was held before, and where it is now."""

    message_id: int
    before: str
    state: MessageState
    reason: str
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Messages read again together. `waiting` of them are still to be read and can be taken back."""

    id: int
    site_id: str
    actor: str
    created_at: datetime
    undone_at: datetime | None
    messages: list[Replayed]

    @property
    def waiting(self) -> int:
        """How many nobody has read yet."""
        return sum(each.state in (MessageState.QUEUED, MessageState.RECEIVED) for each in self.messages)
