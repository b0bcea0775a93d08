"""What is counted over many reports: one record a row of a figure, shown in charts and the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from services.domain.reports import Json
from services.domain.words import SuggestionState


@dataclass(frozen=True, slots=True)
class Waiting:
    """Reports of a priority that wait; `wait`: 0 under an hour, 1 up to four, 2 longer."""

    priority: int
    wait: int
    count: int


@dataclass(frozen=True, slots=True)
class DayOfTurnaround:
    """Minutes from reading to Sign of what was signed on a day."""

    day: datetime
    median: float
    p90: float
    count: int


@dataclass(frozen=True, slots=True)
class DayOfReviewing:
    """Median seconds from opening to the first decision and to Sign of what was signed on a day."""

    day: datetime
    first_action: float
    sign: float
    count: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a finding's suggestions; of those the rules contradict alone where `conflicts` counts them."""

    finding_id: str
    name: str
    approved: int
    edited: int
    rejected: int
    count: int
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Tenth:
    """Suggestions of a tenth of vote shares: their mean share, how many were approved."""

    tenth: int
    confidence: float
    approved: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedInWeek:
    """Suggestions of a finding, engine, model and week that went one way; `seconds`: median of a decision."""

    finding_id: str
    engine: str
    model: str
    week: date
    state: SuggestionState
    suggested: str
    status: str
    reason: str
    name: str
    count: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedInWeek:
    """Findings put in by hand beside an engine's reading."""

    finding_id: str
    engine: str
    model: str
    week: date
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekOfTimes:
    """Seconds from opening to the first decision (median) and to Sign; `reasoning`: how often it was looked at."""

    engine: str
    model: str
    week: date
    count: int
    first: float | None
    median: float | None
    p90: float | None
    reasoning: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekOfRatings:
    """An item of the QUEST form, 1 to 5."""

    item: str
    engine: str
    model: str
    week: date
    count: int
    mean: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTwice:
    """Both readers' words on a suggested finding; `first` is what was signed."""

    report_id: int
    version_id: int
    finding_id: str
    name: str
    confidence: float | None
    first: str
    second: str
    first_account: int | None
    second_account: int | None
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class RateCount:
    """How often something happened to an engine's suggestions of a finding; `recent`: lately, or before that."""

    engine: str
    model: str
    finding_id: str
    name: str
    recent: bool
    count: int
    hits: int


@dataclass(frozen=True, slots=True)
class Planted:
    """Exercises of a kind."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class ExerciseResult:
    """Exercises of a kind, finding and reader: how many there were, and how many were decided rightly."""

    kind: str
    finding_id: str
    reader: str
    count: int
    right: int


@dataclass(frozen=True, slots=True)
class ExerciseOutcome:
    """One exercise of a signed report: `truth` is {"status", "side"}, `state` what became of the suggestion."""

    kind: str
    finding_id: str
    truth: Json
    state: str
    right: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A suggestion's share of votes, and whether a blind second reader said the same."""

    engine: str
    model: str
    finding_id: str
    confidence: float
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A curve that was fitted, with what it was fitted on (`bins`) and how well it predicts (`brier`, by method)."""

    id: int
    site_id: str
    version: int
    engine: str
    model: str
    finding_id: str
    method: str
    points: list[list[float]]
    bins: list[Json]
    brier: dict[str, float]
    pairs: int
    created_by: str
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShadowPair:
    """One signed version as the engine reviewers saw read it, and as the shadow did."""

    version_id: int
    engine: Json
    verdicts: list[Json]
    usage: Json
    shadow_verdicts: list[Json]
    shadow_usage: Json
    shadow_failed: int


@dataclass(frozen=True, slots=True)
class SignedText:
    """A signed version's text, its canonical report, and the engine whose reading reviewers saw."""

    version_id: int
    text: str
    record: Json
    engine: Json | None
