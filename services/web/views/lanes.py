"""A trace as a picture: a lane for each kind of step, time from left to right.

A second and a week must both be seen, so a pause takes room by the logarithm of its length; the table has the times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from services.actions.tracing import duration
from services.domain.traces import Lane, Step

LEFT, WIDTH, ROW, TOP, EDGE = 84, 960, 26, 22, 12
LANES = {
    Lane.MESSAGE: "Messages",
    Lane.JOB: "Jobs",
    Lane.REPORT: "Versions",
    Lane.READING: "Readings",
    Lane.REVIEW: "Review",
    Lane.DELIVERY: "Deliveries",
    Lane.RESOURCE: "Resources",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A step drawn: waiting from `x` to `began`, at work to `end`; the same three for a moment."""

    step: Step
    x: float
    began: float
    end: float
    y: float


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch with nothing in it, long enough to be named."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What there is to draw, in units of the picture."""

    width: int
    height: int
    lanes: Sequence[tuple[str, float]]
    bars: Sequence[Bar]
    pauses: Sequence[Pause]


def drawn(steps: Sequence[Step]) -> Drawing:
    """The lanes that have steps, and each step at its time."""
    used = [lane for lane in Lane if any(step.lane is lane for step in steps)]
    tops = {lane: TOP + ROW * number for number, lane in enumerate(used)}
    times = sorted({time for step in steps for time in (step.at, step.started, step.until) if time is not None})
    places = _places(times)
    return Drawing(
        width=WIDTH,
        height=TOP + ROW * len(used) + EDGE,
        lanes=[(LANES[lane], tops[lane]) for lane in used],
        bars=[_bar(step, places, tops[step.lane]) for step in steps],
        pauses=_pauses(times, places),
    )


def _bar(step: Step, places: dict[datetime, float], top: float) -> Bar:
    x = places[step.at]
    began = places[step.started] if step.started else x
    return Bar(step, x, max(x, began), max(x, began, places[step.until] if step.until else x), top)


def _places(times: Sequence[datetime]) -> dict[datetime, float]:
    rooms = [math.log1p(gap * 1000) for gap in _gaps(times)]
    unit = (WIDTH - LEFT - 2 * EDGE) / (sum(rooms) or 1)
    places, x = {}, float(LEFT + EDGE)
    for time, room in zip(times, [*rooms, 0.0], strict=True):
        places[time] = round(x, 1)
        x += room * unit
    return places


def _pauses(times: Sequence[datetime], places: dict[datetime, float]) -> list[Pause]:
    """Those with room for their words."""
    return [
        Pause((places[since] + places[until]) / 2, duration(round((until - since).total_seconds() * 1000)))
        for since, until in pairwise(times)
        if places[until] - places[since] > 60
    ]


def _gaps(times: Sequence[datetime]) -> list[float]:
    """Seconds between one moment and the next."""
    return [(until - since).total_seconds() for since, until in pairwise(times)]
