"""The charts as tables and as marks to draw; nothing is drawn that is not in the table beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.domain.figures import Decided
from services.figures.proportions import wilson
from services.store import charts
from services.store.charts import Span

# Units of the drawings. Words stand beside them as text of the page, so that they wrap, zoom and keep contrast.
WIDTH, BAR, ROW, PLOT, EDGE = 640, 14, 24, 200, 6
PRIORITIES = ("STAT", "Urgent", "Routine")
WAITS = ("under 1 h", "1 to 4 h", "over 4 h")


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to draw; `series` chooses its look. A line or an interval goes to (x2, y2)."""

    kind: str
    x: float
    y: float
    width: float = 0
    height: float = 0
    series: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its table, whose first `texts` columns are words."""

    id: str
    title: str
    description: str
    x_title: str
    y_title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    legend: tuple[str, ...] = ()
    marks: list[Mark] = field(default_factory=list)
    height: float = 0
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    ends: tuple[str, str] | None = None
    texts: int = 1


def bars(values: Sequence[Sequence[int]]) -> list[Mark]:
    """Stacked horizontal bars, one a row, one series a value."""
    most = max((sum(row) for row in values), default=0) or 1
    marks: list[Mark] = []
    for at, row in enumerate(values):
        x = 0.0
        for series, value in enumerate(row):
            if value:
                marks.append(Mark("bar", x, at * ROW + (ROW - BAR) / 2, value / most * WIDTH, BAR, series))
                x += value / most * WIDTH
    return marks


def queue(connection: Connection, span: Span) -> Chart:
    """Who waits."""
    counts = {(row.priority, row.wait): row.count for row in charts.queue(connection, span)}
    values = [[counts.get((priority, wait), 0) for wait in range(3)] for priority in range(3)]
    return Chart(
        "queue",
        "Waiting now",
        "Reports waiting for a signature by priority, split by how long they have waited.",
        "reports",
        "priority",
        ("priority", *WAITS),
        [(name, *map(str, row)) for name, row in zip(PRIORITIES, values, strict=True)],
        WAITS,
        bars(values),
        ROW * len(values),
        PRIORITIES,
        tuple(str(sum(row)) for row in values),
    )


def turnaround(connection: Connection, span: Span) -> Chart:
    """How long a signature takes."""
    rows = charts.turnaround(connection, span)
    table = [(str(row.day.date()), f"{row.median:.0f}", f"{row.p90:.0f}", str(row.count)) for row in rows]
    lines = [[float(row.median) for row in rows], [float(row.p90) for row in rows]]
    marks, labels, ends = _by_day([row.day for row in rows], lines, "min")
    return Chart(
        "turnaround",
        "Turnaround",
        "Minutes from the reading of a report to its signature, median and 90th percentile by day.",
        "day of signature",
        "minutes",
        ("day", "median min", "p90 min", "signed"),
        table,
        ("median", "p90"),
        marks,
        PLOT,
        labels,
        ends=ends,
    )


def reviewing(connection: Connection, span: Span) -> Chart:
    """How long a report is on a reviewer's screen."""
    rows = charts.reviewing(connection, span)
    table = [(str(row.day.date()), f"{row.first_action:.0f}", f"{row.sign:.0f}", str(row.count)) for row in rows]
    lines = [[float(row.sign) for row in rows], [float(row.first_action) for row in rows]]
    marks, labels, ends = _by_day([row.day for row in rows], lines, "s")
    return Chart(
        "reviewing",
        "At the screen",
        "Seconds from opening a report to the first decision and to the signature, medians by day.",
        "day of signature",
        "seconds",
        ("day", "to first decision s", "to Sign s", "signed"),
        table,
        ("to Sign", "to first decision"),
        marks,
        PLOT,
        labels,
        ends=ends,
    )


def _by_day(
    days: Sequence[datetime], lines: Sequence[Sequence[float]], unit: str
) -> tuple[list[Mark], tuple[str, ...], tuple[str, str] | None]:
    """A line for each row of values, one a day; what the grid stands for, and the first and the last day."""
    most = round_up(max((value for line in lines for value in line), default=1))
    marks: list[Mark] = grid() if days else []
    for series, line in enumerate(lines):
        points = [(_across(day, days), up(value / most)) for day, value in zip(days, line, strict=True)]
        marks += [Mark("dot", x, y, series=series) for x, y in points]
        marks += [Mark("line", x, y, x2 - x, y2 - y, series) for (x, y), (x2, y2) in itertools.pairwise(points)]
    return marks, scale(most, unit), (str(days[0].date()), str(days[-1].date())) if days else None


def _across(day: datetime, days: Sequence[datetime]) -> float:
    """The x of a day; days without a signature leave their gap."""
    share: float = (day - days[0]) / max(days[-1] - days[0], timedelta(days=1))
    return EDGE + share * (WIDTH - 2 * EDGE)


def round_up(most: float) -> float:
    """The end of a scale whose four steps are round numbers."""
    power = 10 ** math.floor(math.log10(most / 4)) if most > 0 else 0.25
    return next(4 * power * step for step in (1, 2, 2.5, 5, 10) if 4 * power * step >= most * 0.999)


def up(share: float) -> float:
    """The y of a share of the height, 0 at the bottom."""
    return EDGE + (PLOT - 2 * EDGE) * (1 - share)


def grid() -> list[Mark]:
    return [Mark("grid", 0, up(part / 4), WIDTH, 0) for part in range(5)]


def scale(most: float, unit: str) -> tuple[str, ...]:
    """What the grid's lines stand for, from the top."""
    return tuple(f"{most * part / 4:g} {unit}" for part in (4, 3, 2, 1, 0))


def outcomes(connection: Connection, span: Span) -> Chart:
    """What becomes of suggestions."""
    rows = charts.outcomes(connection, span)
    return _by_finding(
        rows, "outcomes", "Decisions by finding",
        "How many suggestions of each finding were approved, edited or rejected at Sign.",
        "decided",
    )  # fmt: skip


def disagreement(connection: Connection, span: Span) -> Chart:
    """Where rules and reader differ, and who was right in the eyes of the radiologist."""
    rows = charts.disagreement(connection, span)
    return _by_finding(
        rows, "disagreement", "Disagreement with the rules",
        "Suggestions that the rules engine, or the report itself, contradicts, and what radiologists made of them.",
        "of all decided",
    )  # fmt: skip


def _by_finding(rows: Sequence[Decided], key: str, title: str, text: str, total: str) -> Chart:
    series = ("approved", "edited", "rejected")
    values = [(row.approved, row.edited, row.rejected) for row in rows]
    table = [(row.name, *map(str, each), str(row.count)) for row, each in zip(rows, values, strict=True)]
    names, totals = tuple(row.name for row in rows), tuple(str(sum(each)) for each in values)
    columns, height = ("finding", *series, total), ROW * len(rows)
    return Chart(
        key, title, text, "suggestions", "finding", columns, table, series, bars(values), height, names, totals
    )


def agreement(connection: Connection, span: Span) -> Chart:
    """Vote share against approval: agreement, not accuracy."""
    rows = charts.agreement(connection, span)
    marks: list[Mark] = [*grid(), Mark("diagonal", EDGE, up(0), WIDTH - 2 * EDGE, up(1) - up(0))] if rows else []
    table = []
    for row in rows:
        low, high = wilson(row.approved, row.count)
        share = row.approved / row.count
        x = EDGE + float(row.confidence) * (WIDTH - 2 * EDGE)
        marks.append(Mark("interval", x, up(high), 0, up(low) - up(high)))
        marks.append(Mark("dot", x, up(share)))
        table.append(
            (f"{row.confidence * 100:.0f} %", f"{share * 100:.0f} %", f"{low * 100:.0f}–{high * 100:.0f} %",
             str(row.count))
        )  # fmt: skip
    return Chart(
        "agreement",
        "Agreement",
        "Share of suggestions approved against the share of votes, with 95 % intervals. Agreement, not accuracy:"
        " reviewers saw the suggestion.",
        "vote share",
        "approved",
        ("vote share", "approved", "95 % interval", "n"),
        table,
        (),
        marks,
        PLOT,
        scale(100, "%"),
        ends=("0 %", "100 %"),
    )


CHARTS: dict[str, Callable[[Connection, Span], Chart]] = {
    "queue": queue,
    "turnaround": turnaround,
    "reviewing": reviewing,
    "outcomes": outcomes,
    "agreement": agreement,
    "disagreement": disagreement,
}


def every(connection: Connection, span: Span) -> tuple[list[Chart], dict[str, list[str]]]:
    """All charts, and the engines and models they can be of."""
    return [make(connection, span) for make in CHARTS.values()], charts.readers(connection, span.site)
