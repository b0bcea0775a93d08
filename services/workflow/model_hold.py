"""A site may hold Sign until the model has read a version, for some minutes from its arrival (`wait_for_model`).

An answer, a failure or the deadline releases it; of a STAT report a second word does, and the signature's audit row
says that it was given without the model.
"""

from __future__ import annotations

from collections.abc import Collection

from integration.canonical import Priority
from services.domain.reviews import LockedReview
from services.domain.words import ReadingState
from services.workflow.contradictions import NOT_READ_PENDING
from services.workflow.refusal import Refused


def seconds_left(state: ReadingState, age: float, minutes: float) -> float:
    """For how many seconds more Sign waits for the model; 0 where it does not. `age`: of the version, in seconds."""
    return max(0.0, minutes * 60 - age) if state is ReadingState.PENDING else 0.0


def may_override(priority: int) -> bool:
    """Whether a report is too urgent to wait for the model where its signer says so."""
    return priority == Priority.STAT


def words(left: float) -> str:
    """What a signer is told of the wait."""
    minutes, seconds = divmod(int(left + 0.999), 60)
    clock = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    return f"Sign waits for the model, {clock} more at most; you can decide every finding meanwhile."


def check(row: LockedReview, minutes: float, acknowledged: Collection[str]) -> bool:
    """Whether the signature overrides the wait. Raises Refused (waiting) where it has to wait."""
    left = seconds_left(row.reading_state, row.version_age, minutes)
    if not left:
        return False
    if not may_override(row.priority):
        raise Refused("waiting", words(left))
    return NOT_READ_PENDING in acknowledged
