"""Whether an engine behaves as it did: five rates, lately against a reference window before.

Counts of one finding in one week are small, so each change is tested exactly (Fisher), all of them together at a false
discovery rate (Benjamini and Hochberg), and what is certain but slight raises no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from services.domain.figures import RateCount
from services.figures.proportions import adjusted, fisher
from services.store import drift

CURRENT_DAYS, REFERENCE_DAYS = 7, 28
FALSE_DISCOVERIES = 0.01
FEWEST = 10
SMALLEST_CHANGE = 0.05
RATES = {
    "override": "edited or rejected at Sign",
    "disagreement": "present against absent, compared with the rules",
    "unsupported": "no quote stands in the report",
    "uncertain": "suggested as uncertain",
    "unusable": "answers of the engine that could not be used (parse failures)",
}


class Place(NamedTuple):
    """What a rate is of; an empty finding is all of them."""

    rate: str
    engine: str
    model: str
    finding_id: str


@dataclass
class Window:
    """Hits and count."""

    hits: int = 0
    count: int = 0

    @property
    def share(self) -> float | None:
        """Hits of count; None without a count."""
        return self.hits / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate now and before. `q`: the false discovery rate at which the change counts as one."""

    place: Place
    name: str
    now: Window
    before: Window
    q: float

    @property
    def alarm(self) -> bool:
        """Whether a person should look: the change is no chance, and large enough to matter."""
        now, before = self.now.share, self.before.share
        if now is None or before is None or self.now.count < FEWEST or self.q >= FALSE_DISCOVERIES:
            return False
        doubled = max(now, before) >= 2 * min(now, before) and max(self.now.hits, self.before.hits) >= FEWEST // 2
        return abs(now - before) >= SMALLEST_CHANGE or doubled


def measure(
    connection: Connection, site: str, current: int = CURRENT_DAYS, reference: int = REFERENCE_DAYS
) -> list[Rate]:
    """Every rate of a site, by engine and finding and by engine alone; alarms first, then the least likely changes."""
    windows: dict[Place, tuple[Window, Window]] = {}
    names: dict[Place, str] = {}
    for rate, rows in drift.counts(connection, site, current, reference).items():
        for row in rows:
            for finding in dict.fromkeys((row.finding_id, "")):
                place = Place(rate, row.engine, row.model, finding)
                names[place] = row.name if finding else "all findings"
                _add(windows.setdefault(place, (Window(), Window())), row)
    p_values = [fisher((now.hits, now.count), (before.hits, before.count)) for now, before in windows.values()]
    found = zip(windows.items(), adjusted(p_values), strict=True)
    rates = [Rate(place, names[place], now, before, q) for (place, (now, before)), q in found]
    return sorted(rates, key=lambda each: (not each.alarm, each.q, each.place))


def _add(windows: tuple[Window, Window], row: RateCount) -> None:
    window = windows[0] if row.recent else windows[1]
    window.hits += row.hits
    window.count += row.count
