"""Grouped bars and lines as SVG, written by hand: no plotting library for two pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.figures.proportions import wilson

COLOURS = ("#9aa5b1", "#5b8db8", "#0b6e4f", "#c97b2a", "#7a5195")
WIDTH, HEIGHT, LEFT, BOTTOM = 720, 320, 60, 40


def bars(title: str, names: Sequence[str], groups: Sequence[int], values: Mapping[tuple[str, int], float]) -> str:
    """One group of bars for each of `groups` (connections), one bar for each name."""
    top = max(values.values(), default=1.0) or 1.0
    room = HEIGHT - BOTTOM - 50
    span = (WIDTH - LEFT - 20) / len(groups)
    bar = span / (len(names) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="18" font-size="14">{title}</text>',
    ]
    for place, name in enumerate(names):
        x = LEFT + place * 130
        parts.append(f'<rect x="{x}" y="26" width="10" height="10" fill="{COLOURS[place]}"/>')
        parts.append(f'<text x="{x + 14}" y="35">{name}</text>')
    for at, group in enumerate(groups):
        for place, name in enumerate(names):
            value = values.get((name, group), 0.0)
            height = room * value / top
            x, y = LEFT + at * span + place * bar, HEIGHT - BOTTOM - height
            shape = f'x="{x:.1f}" y="{y:.1f}" width="{bar * 0.85:.1f}" height="{height:.1f}"'
            parts.append(f'<rect {shape} fill="{COLOURS[place]}"/>')
            label = f'x="{x + bar * 0.42:.1f}" y="{y - 3:.1f}" font-size="10" text-anchor="middle"'
            parts.append(f"<text {label}>{value:.0f}</text>")
        middle = LEFT + at * span + bar * len(names) / 2
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 20}" text-anchor="middle">{group} connections</text>')
    return "\n".join([*parts, "</svg>", ""])


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """One line for each name, both axes from zero."""
    points = [point for line in series.values() for point in line]
    right, top = max(x for x, _ in points) or 1.0, max(y for _, y in points) or 1.0
    room, span = HEIGHT - BOTTOM - 50, WIDTH - LEFT - 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="18" font-size="14">{title}</text>',
        f'<path d="M{LEFT} 50V{HEIGHT - BOTTOM}H{WIDTH - 20}" fill="none" stroke="#444"/>',
        f'<text x="{LEFT - 6}" y="54" text-anchor="end">{top:.0f}</text>',
        f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM}" text-anchor="end">0</text>',
        f'<text x="{WIDTH - 20}" y="{HEIGHT - 20}" text-anchor="end">{right:.0f}</text>',
    ]
    for place, (name, line) in enumerate(series.items()):
        colour = COLOURS[place % len(COLOURS)]
        path = " ".join(f"{LEFT + span * x / right:.1f},{HEIGHT - BOTTOM - room * y / top:.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        x = LEFT + place * 130
        parts.append(f'<rect x="{x}" y="26" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="35">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def shares(title: str, rows: Mapping[str, tuple[int, int]]) -> str:
    """A line for each name with (hits, count): a point at the share, and the ends of its 95 % interval."""
    height, left = 60 + 34 * len(rows), 250
    room = WIDTH - left - 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/><text x="20" y="18" font-size="14">{title}</text>',
    ]
    for tick in range(0, 11, 2):
        x = left + room * tick / 10
        parts.append(f'<path d="M{x:.1f} 30V{height - 22}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{tick / 10:.1f}</text>')
    for place, (name, (hits, count)) in enumerate(rows.items()):
        low, high = wilson(hits, count)
        y, colour = 48 + 34 * place, COLOURS[place % len(COLOURS)]
        start, middle, end = (left + room * share for share in (low, hits / count, high))
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{name}</text>')
        parts.append(f'<path d="M{start:.1f} {y}H{end:.1f}" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{middle:.1f}" cy="{y}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 4}">{hits / count:.2f}</text>')
    return "\n".join([*parts, "</svg>", ""])
