"""The five charts as tables and as marks to draw; nothing is drawn that is not in the table beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping

from services.store import charts
from services.store.charts import Span

WIDTH, LEFT, RIGHT, BAR, ROW = 640, 170, 20, 14, 24
TOP, BOTTOM, PLOT = 16, 46, 190
Z95 = 1.959964
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
    text: str = ""
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its table."""

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


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson score), both ends in [0, 1]; count at least 1."""
    share, z2 = successes / count, Z95**2
    centre = share + z2 / (2 * count)
    half = Z95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def bars(labels: Sequence[str], values: Sequence[Sequence[int]]) -> tuple[list[Mark], float]:
    """Stacked horizontal bars, one a label, one series a value; marks and the height they need."""
    most = max((sum(row) for row in values), default=0) or 1
    scale = (WIDTH - LEFT - RIGHT - 40) / most
    marks: list[Mark] = []
    for at, (label, row) in enumerate(zip(labels, values, strict=True)):
        y, x = TOP + at * ROW, float(LEFT)
        marks.append(Mark("label", LEFT - 8, y + BAR - 3, text=_short(label), anchor="end"))
        for series, value in enumerate(row):
            if value:
                marks.append(Mark("bar", x, y, value * scale, BAR, series))
                x += value * scale
        marks.append(Mark("value", x + 6, y + BAR - 3, text=str(sum(row))))
    return marks, TOP + len(labels) * ROW + BOTTOM


def _short(label: str) -> str:
    return label if len(label) <= 24 else label[:23] + "…"


def queue(connection: Connection, span: Span) -> Chart:
    """Who waits."""
    counts = {(row["priority"], row["wait"]): row["count"] for row in charts.queue(connection, span)}
    values = [[counts.get((priority, wait), 0) for wait in range(3)] for priority in range(3)]
    marks, height = bars(PRIORITIES, values)
    return Chart(
        "queue",
        "Waiting now",
        "Reports waiting for a signature by priority, split by how long they have waited.",
        "reports",
        "priority",
        ("priority", *WAITS),
        [(name, *map(str, row)) for name, row in zip(PRIORITIES, values, strict=True)],
        WAITS,
        marks,
        height,
    )


def turnaround(connection: Connection, span: Span) -> Chart:
    """How long a signature takes."""
    rows = charts.turnaround(connection, span)
    most = max((float(row["p90"]) for row in rows), default=1) or 1
    step = (WIDTH - LEFT - RIGHT) / max(1, len(rows) - 1)
    marks: list[Mark] = [*_grid(most, "min")]
    for series, name in enumerate(("median", "p90")):
        points = [(LEFT + at * step, TOP + PLOT * (1 - float(row[name]) / most)) for at, row in enumerate(rows)]
        marks += [Mark("dot", x, y, series=series) for x, y in points]
        marks += [Mark("line", x, y, x2 - x, y2 - y, series) for (x, y), (x2, y2) in itertools.pairwise(points)]
    marks += _ends([str(row["day"].date()) for row in rows])
    table = [
        (str(row["day"].date()), f"{row['median']:.0f}", f"{row['p90']:.0f}", f"{row['screen_seconds'] or 0:.0f}",
         str(row["count"]))
        for row in rows
    ]  # fmt: skip
    return Chart(
        "turnaround",
        "Turnaround",
        "Minutes from the reading of a report to its signature, median and 90th percentile by day.",
        "day of signature",
        "minutes",
        ("day", "median min", "p90 min", "median s from open to Sign", "signed"),
        table,
        ("median", "p90"),
        marks if rows else [],
        TOP + PLOT + BOTTOM,
    )


def _grid(most: float, unit: str) -> list[Mark]:
    marks = []
    for part in range(5):
        y = TOP + PLOT * (1 - part / 4)
        marks.append(Mark("grid", LEFT, y, WIDTH - LEFT - RIGHT, 0))
        marks.append(Mark("label", LEFT - 8, y + 4, text=f"{most * part / 4:.0f} {unit}", anchor="end"))
    return marks


def _ends(labels: Sequence[str]) -> list[Mark]:
    """The first and the last label of the x axis."""
    if not labels:
        return []
    y = TOP + PLOT + 18
    first = Mark("label", LEFT, y, text=labels[0])
    return [first, *([Mark("label", WIDTH - RIGHT, y, text=labels[-1], anchor="end")] if len(labels) > 1 else [])]


def outcomes(connection: Connection, span: Span) -> Chart:
    """What becomes of suggestions."""
    rows = charts.outcomes(connection, span)
    return _by_finding(
        rows, "outcomes", "Decisions by finding",
        "How many suggestions of each finding were approved, edited or rejected at Sign.",
        ("approved", "edited", "rejected"), ("decided", "count"),
    )  # fmt: skip


def disagreement(connection: Connection, span: Span) -> Chart:
    """Where rules and reader differ, and who was right in the eyes of the radiologist."""
    rows = charts.disagreement(connection, span)
    return _by_finding(
        rows, "disagreement", "Disagreement with the rules",
        "Suggestions that the rules engine contradicts, by finding, and what radiologists made of them.",
        ("approved", "edited", "rejected"), ("of all decided", "count"),
    )  # fmt: skip


def _by_finding(
    rows: Sequence[RowMapping], key: str, title: str, text: str, series: tuple[str, ...], total: tuple[str, str]
) -> Chart:
    values = [[int(row[name]) for name in series] for row in rows]
    marks, height = bars([row["name"] for row in rows], values)
    table = [(str(row["name"]), *(str(row[name]) for name in series), str(row[total[1]])) for row in rows]
    columns = ("finding", *series, total[0])
    return Chart(key, title, text, "suggestions", "finding", columns, table, series, marks, height)


def agreement(connection: Connection, span: Span) -> Chart:
    """Vote share against approval: agreement, not accuracy."""
    rows = charts.agreement(connection, span)
    marks: list[Mark] = [*_grid(100, "%")] if rows else []
    marks += [Mark("diagonal", LEFT, TOP + PLOT, WIDTH - LEFT - RIGHT, -PLOT)] if rows else []
    table = []
    for row in rows:
        low, high = wilson(row["approved"], row["count"])
        share = row["approved"] / row["count"]
        x = LEFT + float(row["confidence"]) * (WIDTH - LEFT - RIGHT)
        marks.append(Mark("interval", x, TOP + PLOT * (1 - high), 0, PLOT * (high - low)))
        marks.append(Mark("dot", x, TOP + PLOT * (1 - share)))
        table.append(
            (f"{row['confidence'] * 100:.0f} %", f"{share * 100:.0f} %", f"{low * 100:.0f}–{high * 100:.0f} %",
             str(row["count"]))
        )  # fmt: skip
    marks += _ends(["0 %", "100 %"]) if rows else []
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
        TOP + PLOT + BOTTOM,
    )


CHARTS: dict[str, Callable[[Connection, Span], Chart]] = {
    "queue": queue,
    "turnaround": turnaround,
    "outcomes": outcomes,
    "agreement": agreement,
    "disagreement": disagreement,
}


def every(connection: Connection, span: Span) -> dict[str, Any]:
    """All charts and what they can be filtered by."""
    return {
        "charts": [make(connection, span) for make in CHARTS.values()],
        "engines": charts.engines(connection, span.site),
    }
