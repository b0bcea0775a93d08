"""The constants of a server's version from its fitted points, and how far they are off at those held out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import model_validator

from integration.canonical import Record
from services.capacity.roofline import Constants, Roofline

START, FINEST = Constants(overhead=0.01, reach=0.6, prefill=12_000.0), 1e-4


class Point(Record):
    """`at_once` requests kept running; tokens in and out of each; output tokens a second of the whole node."""

    at_once: int
    input: int
    output: int
    rate: float
    cached: int = 0

    @model_validator(mode="before")
    @classmethod
    def _row(cls, item: Any) -> Any:
        names = ("at_once", "input", "output", "rate")
        return {**dict(zip(names, item, strict=False)), **(item[4] if len(item) > 4 else {})}


class Version(Record):
    """What was published of one version of a server."""

    software: str
    when: str
    source: str
    url: str
    note: str
    fitted: tuple[Point, ...]
    held_out: tuple[Point, ...]


class BurstRun(Record):
    """All `requests` sent at once; mean tokens; requests a second. `drawn`: lengths vary about the mean."""

    name: str
    requests: int
    input: int
    output: int
    rate: float
    drawn: bool = False


class FittedBursts(Record):
    """Constants that a publisher's own figures gave."""

    overhead: float
    reach: float
    prefill: float


class Bursts(Record):
    """Runs of one version in which everything came at once."""

    software: str
    when: str
    source: str
    url: str
    fitted: FittedBursts
    held_out_off: tuple[float, float]
    runs: tuple[BurstRun, ...]


class Published(Record):
    """published.yaml."""

    versions: tuple[Version, ...]
    bursts: Bursts


@cache
def published() -> Published:
    """All of it."""
    text = files("services.capacity").joinpath("published.yaml").read_text("utf-8")
    return Published.model_validate(yaml.safe_load(text))


@cache
def constants(software: str) -> Constants:
    """Of a version named as in published.yaml."""
    found = published()
    if software == found.bursts.software:
        return Constants(**found.bursts.fitted.model_dump())
    return fit(next(each.fitted for each in found.versions if each.software == software))


def planned(point: Point, of: Constants) -> float:
    """Output tokens a second: each request takes its steps, and waits while the others' prompts are read."""
    step = Roofline(of).step(point.at_once, point.input + point.output / 2)
    seconds = point.output * step + point.at_once * (point.input - point.cached) / of.prefill
    return point.at_once * point.output / seconds


def off(point: Point, of: Constants) -> float:
    """-0.1: the planner promises a tenth less than was published."""
    return planned(point, of) / point.rate - 1


def fit(points: Sequence[Point]) -> Constants:
    """The constants with the least squares of the logarithms, found by steps along each that become smaller."""
    at, width = [math.log(value) for value in (START.overhead, START.reach, START.prefill)], 0.4
    best = _squares(at, points)
    while width > FINEST:
        moved = False
        for tried in _neighbours(at, width):
            if (value := _squares(tried, points)) < best:
                at, best, moved = tried, value, True
        width = width if moved else width / 2
    return _of(at)


def _neighbours(at: Sequence[float], width: float) -> Iterator[list[float]]:
    for place in range(len(at)):
        for change in (width, -width):
            yield [value + change if number == place else value for number, value in enumerate(at)]


def _of(at: Sequence[float]) -> Constants:
    overhead, reach, prefill = map(math.exp, at)
    return Constants(overhead, min(1.0, reach), prefill)


def _squares(at: Sequence[float], points: Sequence[Point]) -> float:
    return sum(math.log(planned(point, _of(at)) / point.rate) ** 2 for point in points)


@cache
def worst(software: str) -> tuple[float, float]:
    """(the most it promises too little, too much) at the held-out points, as shares of what was published."""
    if software == published().bursts.software:
        return published().bursts.held_out_off
    version = next(each for each in published().versions if each.software == software)
    found = [off(point, constants(software)) for point in version.held_out]
    return min(0.0, *found), max(0.0, *found)
