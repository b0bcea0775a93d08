"""The plots of a result as inline SVG. Colours come from the page; shapes tell engines apart without them.

Nothing is drawn that does not also stand in a table of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from services.evaluation.costs import PERCENTILES
from services.evaluation.figures import Estimate
from services.evaluation.report.tables import members, seconds
from services.evaluation.result import EngineResult, Result

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 210, 24, 8, 34
PLOT = WIDTH - LEFT - RIGHT
STEP = 16
CURVE = 300
DRAWN = 10
"""Labels a group needs to be drawn: the interval of fewer spans the plot and says nothing. The table has all."""
SERIES = 8
"""Colours and shapes there are; beyond that they begin again."""
PARTS = ("input", "cached", "reasoning", "answer")
PART_NAMES = ("input, not cached", "input from the cache", "reasoning", "answer")


@dataclass(frozen=True)
class Row:
    """One line of an interval plot: a name and an estimate for each engine, None where it has none."""

    name: str
    estimates: tuple[Estimate | None, ...]


@dataclass(frozen=True)
class Plot:
    """A drawing with its caption and the names of its series."""

    title: str
    drawing: Markup
    legend: tuple[str, ...] = ()
    bars: bool = False


def overall(result: Result) -> Plot:
    """Macro-F1 and accuracy of each engine."""
    rows = [
        Row(title, tuple(getattr(each.figures, name) for each in result.engines))
        for name, title in (("macro_f1", "Macro-F1"), ("micro_f1", "Micro-F1"), ("accuracy", "Accuracy"))
    ]
    return intervals("Scores with 95 % intervals", rows, _names(result))


def groups(result: Result, kind: str, most: int = 30) -> Plot | None:
    """Micro-F1 of the groups with most labels; None where there are fewer than two worth drawing."""
    by_engine = [members(engine, kind) for engine in result.engines]
    chosen = [name for name, own in by_engine[0].items() if name and own.figures.labels >= DRAWN][:most]
    if len(chosen) < 2:
        return None
    rows = [
        Row(
            _short(f"{name.replace('_', ' ')} ({own.figures.labels})"),
            tuple(e[name].figures.micro_f1 for e in by_engine),
        )
        for name, own in ((name, by_engine[0][name]) for name in chosen)
    ]
    few = len(chosen) < len(by_engine[0])
    which = f"; the {len(chosen)} with most labels" if few else ""
    title = f"Micro-F1 by {kind.removesuffix('s')}, 95 % intervals (number of labels){which}"
    return intervals(title, rows, _names(result))


def intervals(title: str, rows: Sequence[Row], names: tuple[str, ...]) -> Plot:
    """A dot for each value, a line for its interval."""
    lows = [each.low for row in rows for each in row.estimates if each]
    start = min(0.9, math.floor(10 * min(lows, default=0)) / 10)
    band = STEP * len(names) + 8
    height = TOP + band * len(rows) + BOTTOM
    body = [_axis(height, [(tick, f"{tick:g}") for tick in _ticks(start)], lambda value: _at(value, start, 1.0))]
    for line, row in enumerate(rows):
        top = TOP + band * line
        body.append(_text(LEFT - 10, top + band / 2 + 4, row.name, "end"))
        for series, own in enumerate(row.estimates):
            if own:
                y = top + 4 + STEP * (series + 0.5)
                ends = (_at(own.low, start, 1.0), _at(own.high, start, 1.0))
                said = f"{row.name}, {names[series]}: {own.value:.3f} ({own.low:.3f}–{own.high:.3f})"
                body.append(_whisker(ends, _at(own.value, start, 1.0), y, series, said))
    described = "; ".join(f"{name}: see the table" for name in names)
    return Plot(title, _svg(title, described, height, body), names)


def tokens(result: Result) -> Plot | None:
    """Tokens a report, stacked; None where nobody counted any."""
    parts = [_parts(engine) for engine in result.engines]
    most = max(map(sum, parts))
    if not most:
        return None
    top = _round_up(most)
    height = TOP + 30 * len(parts) + BOTTOM
    body = [_axis(height, [(top * part / 4, f"{top * part / 4:,.0f}") for part in range(5)], lambda v: _at(v, 0, top))]
    for line, (engine, own) in enumerate(zip(result.engines, parts, strict=True)):
        y = TOP + 30 * line
        body.append(_text(LEFT - 10, y + 19, _short(engine.name), "end"))
        body += _stack(engine.name, own, y + 5, top)
    return Plot("Tokens a report", _svg("Tokens a report", "Means by engine.", height, body), PART_NAMES, bars=True)


def latency(result: Result) -> Plot:
    """From the median to the 99th percentile, on a logarithmic axis."""
    values = [max(value, 1e-4) for each in result.engines for value in each.costs.latency.values()]
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    height = TOP + 30 * len(result.engines) + BOTTOM
    ticks = [(float(power), f"{10.0**power:g} s") for power in range(first, last + 1)]
    body = [_axis(height, ticks, lambda value: _at(value, first, last))]
    for line, engine in enumerate(result.engines):
        y = TOP + 30 * line + 15
        places = [_at(math.log10(max(engine.costs.latency[p], 1e-4)), first, last) for p in PERCENTILES]
        said = ", ".join(f"p{p} {seconds(engine.costs.latency[p])} s" for p in PERCENTILES)
        body.append(_text(LEFT - 10, y + 4, _short(engine.name), "end"))
        body.append(_whisker((places[0], places[-1]), places[0], y, line, f"{engine.name}: {said}"))
        body += [_line(x, y - 5, x, y + 5, f"mark s{line % SERIES}") for x in places[1:]]
    title = "Seconds a report: median (dot), 90th, 95th and 99th percentile (ticks)"
    return Plot(title, _svg(title, "By engine.", height, body))


def accuracy_for_tokens(result: Result) -> Plot | None:
    """Accuracy against what a model says, thinking included; a line joins what one model does with several budgets.

    None where no model took part twice.
    """
    said = [(place, each, _said(each)) for place, each in enumerate(result.engines) if _said(each)]
    families: dict[str, list[int]] = {}
    for at, (_, each, _) in enumerate(said):
        families.setdefault(each.versions.model, []).append(at)
    if all(len(members_of) < 2 for members_of in families.values()):
        return None
    top = _round_up(max(tokens for _, _, tokens in said))
    low = min(0.9, math.floor(10 * min(each.figures.accuracy.low for _, each, _ in said)) / 10)
    place_of = {at: _place(each, tokens, low, top) for at, (_, each, tokens) in enumerate(said)}
    body = [_axis(CURVE, [(top * part / 4, f"{top * part / 4:,.0f}") for part in range(5)], lambda v: _at(v, 0, top))]
    body += [_text(LEFT - 10, _up(tick, low) + 4, f"{tick:g}", "end") for tick in _ticks(low)]
    for family in families.values():
        family.sort(key=lambda at: place_of[at][0])
        body += [_line(*place_of[a], *place_of[b], "grid") for a, b in pairwise(family)]
    for at, (series, each, tokens) in enumerate(said):
        own = each.figures.accuracy
        words = f"{each.name}: accuracy {own.value:.3f} ({own.low:.3f}–{own.high:.3f}) with {tokens:,.0f} tokens"
        x, y = place_of[at]
        body.append(_line(x, _up(own.low, low), x, _up(own.high, low), f"mark s{series % SERIES}"))
        body.append(_dot(x, y, series, words))
    title = "Accuracy with 95 % intervals against tokens said a report, thinking included"
    return Plot(title, _svg(title, "See the tables of scores and costs.", CURVE, body), _names(result))


def _said(engine: EngineResult) -> float:
    return engine.costs.tokens.reasoning + engine.costs.tokens.answer


def _place(engine: EngineResult, tokens: float, low: float, top: float) -> tuple[float, float]:
    return _at(tokens, 0, top), _up(engine.figures.accuracy.value, low)


def _up(value: float, low: float) -> float:
    """The height of a share on the curve's axis, which runs from `low` to 1."""
    return CURVE - BOTTOM - (CURVE - BOTTOM - TOP - STEP) * (value - low) / (1 - low)


def value_for_money(result: Result) -> Plot | None:
    """Macro-F1 against the cost of 1,000 reports; None with fewer than two priced engines."""
    priced = [(place, each) for place, each in enumerate(result.engines) if each.costs.per_1000 is not None]
    if len({each.costs.currency for _, each in priced}) != 1 or len(priced) < 2:
        return None
    top = _round_up(max(each.costs.per_1000 or 0 for _, each in priced)) or 1.0
    rows, currency = len(priced), priced[0][1].costs.currency
    height = TOP + 30 * rows + BOTTOM
    body = [_axis(height, [(top * part / 4, f"{top * part / 4:g}") for part in range(5)], lambda v: _at(v, 0, top))]
    for line, (series, engine) in enumerate(sorted(priced, key=lambda each: -each[1].figures.macro_f1.value)):
        y, x = TOP + 30 * line + 15, _at(engine.costs.per_1000 or 0, 0, top)
        name = f"{_short(engine.name, 18)}  F1 {engine.figures.macro_f1.value:.3f}"
        body.append(_text(LEFT - 10, y + 4, name, "end"))
        body.append(_line(LEFT, y, x, y, f"mark s{series % SERIES}"))
        body.append(_dot(x, y, series, f"{engine.name}: {engine.costs.per_1000:.2f} {currency} for 1,000 reports"))
    title = f"Cost of 1,000 reports in {currency}, best macro-F1 first"
    return Plot(title, _svg(title, "Priced engines only.", height, body))


def marker(series: int) -> Markup:
    """The shape of a series, for a legend."""
    return Markup('<svg class="key" viewBox="0 0 16 16" aria-hidden="true">{}</svg>').format(_dot(8, 8, series, ""))


def _names(result: Result) -> tuple[str, ...]:
    return tuple(each.name for each in result.engines)


def _parts(engine: EngineResult) -> tuple[float, ...]:
    own = engine.costs.tokens
    return (own.input - own.cached, own.cached, own.reasoning, own.answer)


def _stack(name: str, parts: Sequence[float], y: float, top: float) -> Iterable[Markup]:
    start = float(LEFT)
    for part, value, title in zip(PARTS, parts, PART_NAMES, strict=True):
        width = PLOT * value / top
        yield Markup(
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="20" class="part {}"><title>{}</title></rect>'
        ).format(start, y, width, part, f"{name}, {title}: {value:,.0f}")
        start += width


def _at(value: float, start: float, end: float) -> float:
    return LEFT + PLOT * (value - start) / (end - start)


def _ticks(start: float) -> list[float]:
    step = next(step for least, step in ((0.9, 0.02), (0.7, 0.05), (0.4, 0.1), (0.0, 0.2)) if start >= least)
    count = int((1 - start) / step + 1e-9)
    return [round(1 - step * part, 2) for part in range(count, -1, -1)]


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * part for part in (1, 2, 4, 8, 10) if power * part >= value)


def _short(name: str, most: int = 34) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _svg(title: str, description: str, height: float, body: Iterable[Markup]) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, f"{title}. {description}", Markup("").join(body)
    )


def _axis(height: float, ticks: Sequence[tuple[float, str]], place: Callable[[float], float]) -> Markup:
    bottom = height - BOTTOM
    lines = [_line(place(value), TOP, place(value), bottom, "grid") for value, _ in ticks]
    words = [_text(place(value), bottom + 20, name, "middle") for value, name in ticks]
    return Markup("").join([*lines, *words])


def _whisker(ends: tuple[float, float], middle: float, y: float, series: int, said: str) -> Markup:
    return _line(ends[0], y, ends[1], y, f"mark s{series % SERIES}") + _dot(middle, y, series, said)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(x1, y1, x2, y2, kind)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, words)


SHAPES = (
    "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",  # disc
    "M-4.5-4.5H4.5V4.5H-4.5Z",  # square
    "M0-6L6 0L0 6L-6 0Z",  # diamond
    "M0-6L5.5 4.5H-5.5Z",  # triangle
    "M0 6L5.5-4.5H-5.5Z",  # triangle, point down
    "M-5-2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",  # cross
    "M-6-3H6V3H-6Z",  # bar, lying
    "M-3-6H3V6H-3Z",  # bar, standing
)


def _dot(x: float, y: float, series: int, said: str) -> Markup:
    return Markup('<path d="{}" transform="translate({:.1f} {:.1f})" class="dot s{}"><title>{}</title></path>').format(
        SHAPES[series % SERIES], x, y, series % SERIES, said
    )
