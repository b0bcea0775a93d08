"""Lines as self-contained SVG: no plotting library for two pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from services.capacity.node import Node
from services.capacity.plan import Plan

Points = Sequence[tuple[float, float]]
COLOURS = ("#0b6e4f", "#c97b2a", "#7a5195", "#3b6ea5")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 340, 70, 20, 60, 46
LEAST = 1e-9
"""What is smaller is drawn as nothing: powers of ten do not go on for ever."""
OUTPUTS = (100, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 4000)


def of_the_day(plan: Plan) -> str:
    """Reports by hour, beside what the nodes could read."""
    could = plan.nodes * plan.reports_an_hour_a_node
    came = [(one.hour, float(one.reports)) for one in plan.hours]
    title = f"{plan.reports_a_day:,.0f} reports a day, {plan.nodes} nodes of {plan.profile}"
    return lines(
        title, "hour of the day", "reports an hour", {"came": came, "nodes can read": [(0, could), (24, could)]}
    )


def of_the_answers(plan: Plan) -> str:
    """From a report's arrival to its suggestions, by hour and priority."""
    names = [name for name in plan.classes if any(name in one.turnaround for one in plan.hours)]
    series = {
        name: [(one.hour, one.turnaround[name]) for one in plan.hours if name in one.turnaround] for name in names
    }
    title = "From arrival to suggestions, 95 of a hundred reports within"
    return lines(title, "hour of the day", "seconds", series, right=24)


def of_a_node(plan: Plan, node: Node) -> str:
    """Reports an hour of one node by the length of what the model says."""
    cached = [(out, node.reports_an_hour(plan.tokens.uncached, out)) for out in OUTPUTS]
    plain = [(out, node.reports_an_hour(plan.tokens.input, out)) for out in OUTPUTS]
    series = {f"{plan.tokens.cached:,} tokens of the prompt cached": cached, "nothing cached": plain}
    return lines(f"One node of {node.name}", "output tokens of a report", "reports an hour", series)


def lines(title: str, x_title: str, y_title: str, series: Mapping[str, Points], *, right: float = 0) -> str:
    """One line a name; both axes from zero, the horizontal one to `right` at least."""
    right = max((right, *(x for points in series.values() for x, _ in points))) or 1
    highest = max((y for points in series.values() for _, y in points), default=1)
    top = _round_up(highest if highest > LEAST else 1)
    parts = [_frame(title, x_title, y_title), *_grid(right, top)]
    for at, (name, points) in enumerate(series.items()):
        path = " ".join(f"{_x(x, right):.1f},{_y(y, top):.1f}" for x, y in points)
        colour, x = COLOURS[at % len(COLOURS)], LEFT + at * 210
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="41">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _frame(title: str, x_title: str, y_title: str) -> str:
    middle = (LEFT + WIDTH - RIGHT) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{escape(title)}"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>'
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_title)}</text>'
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">'
        f"{escape(y_title)}</text>"
    )


def _grid(right: float, top: float) -> list[str]:
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = _x(share * right, right), _y(share * top, top)
        parts.append(f'<path d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}" stroke="#d5dae0"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * top:,.5g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{share * right:,.5g}</text>')
    return parts


def _x(value: float, right: float) -> float:
    return LEFT + value / right * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten."""
    power: float = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value * 0.999)
