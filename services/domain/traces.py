"""The way of what came in: each step with its time, from the frame to what left the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Lane(StrEnum):
    """Where a step happens, in the order a report passes them."""

    MESSAGE = "message"
    JOB = "job"
    REPORT = "report"
    READING = "reading"
    REVIEW = "review"
    DELIVERY = "delivery"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `ref` names it, as "job/7"; `link` is its page, "" where it has none.

    It was asked for `at`, begun `started` (None: at once, or not known) and over `until` (None: not yet, or a moment);
    `waited_ms` and `took_ms` lie between. `text` is a patient's, "" where it was not asked for.
    """

    lane: Lane
    ref: str
    at: datetime
    started: datetime | None
    until: datetime | None
    waited_ms: int | None
    took_ms: int | None
    retries: int
    state: str
    says: str
    link: str
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """What an id may mean, and why: "message/12", "its control id"."""

    ref: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What was asked, what it was taken for, the steps in order of time, and what else it could mean.

    `left_out`: reports of a frame or a patient beyond the most that are followed.
    """

    asked: str
    found: list[Match]
    others: list[Match]
    left_out: int
    steps: list[Step]
