"""How far the planner is off at what others published of DeepSeek-R1 on 8 × H200, version by version.

Nobody here measured anything on an H200. Sources and points: published.yaml.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from services.capacity.demand import Arrival, Tokens, context
from services.capacity.fitting import BurstRun, Bursts, Version, constants, off, planned, published
from services.capacity.node import Node
from services.capacity.roofline import GPUS, Roofline, cache_tokens
from services.capacity.simulation import House, simulate
from services.settings import Queue

# Assumed: no more at once than this on such a node, whatever the cache would hold; and the share of the memory that our
# profiles take, since theirs was not published.
MOST, SHARE = 1000, 0.82


@dataclass(frozen=True, slots=True)
class Comparison:
    """Requests a second, ours and theirs."""

    run: BurstRun
    planned: float

    @property
    def off(self) -> float:
        """-0.1: the planner promises a tenth less than was published."""
        return self.planned / self.run.rate - 1


def compare() -> Iterator[Comparison]:
    """Every burst, run through a node with its version's constants in the simulation."""
    bursts = published().bursts
    for run in bursts.runs:
        arrivals = list(_burst(run))
        yield Comparison(run, run.requests / _makespan(bursts, arrivals))


def _burst(run: BurstRun) -> Iterator[Arrival]:
    # How long ShareGPT's answers are is not published beyond the mean: exponential, as chat answers roughly are.
    chance = random.Random(42)  # noqa: S311
    for number in range(run.requests):
        output = max(1, round(chance.expovariate(1 / run.output))) if run.drawn else run.output
        yield Arrival(number, 0.0, 2, "bench", Tokens(input=run.input, output=output))


def _makespan(bursts: Bursts, arrivals: list[Arrival]) -> float:
    held = context([one.tokens for one in arrivals])
    running, of = min(MOST, int(cache_tokens(SHARE) / held)), constants(bursts.software)
    node = Node("published", GPUS, running, Roofline(of), held, of.prefill)
    queue = Queue(stat_reserve=0, depth=1, relay=0.1)
    reads = simulate(House(node, 1, 1, len(arrivals)), queue, arrivals)
    return max(read.ended for read in reads)


def markdown() -> str:
    """The tables of the documentation: constants and errors by version, then every held-out point."""
    return f"{_summary()}\n{_points()}"


def _summary() -> str:
    head = (
        "| Server | Published | Fitted on | Overhead | Reach | Prompt tokens/s | Held out | Off by there |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    bursts = published().bursts
    found = [one.off for one in compare()]
    rows = [_row(each, each.fitted, [off(point, constants(each.software)) for point in each.held_out])
            for each in published().versions]  # fmt: skip
    return head + "".join(sorted([*rows, _row(bursts, (), found)], key=_age))


def _age(row: str) -> tuple[bool, list[int]]:
    name = row.split("|")[1].split("](")[0].strip(" [")
    return not name.startswith("SGLang"), [int(part) for part in name.split()[-1].split(".")]


def _row(each: Version | Bursts, fitted: tuple[object, ...], found: list[float]) -> str:
    of = constants(each.software)
    fits = f"{len(fitted)} points" if fitted else "two step times, one prompt rate"
    return (
        f"| [{each.software}]({each.url}) | {each.when} | {fits} | {1000 * of.overhead:.1f} ms | {of.reach:.2f} | "
        f"{of.prefill:,.0f} | {len(found)} | {min(found):+.0%} to {max(found):+.0%} |\n"
    )


def _points() -> str:
    head = (
        "| Held out | At once | Tokens in, out | Tokens/s, published | Planner | Off by |\n|---|---|---|---|---|---|\n"
    )
    rows = [
        f"| {each.software} | {point.at_once} | {_tokens(point.input, point.cached)}, {point.output:,} | "
        f"{point.rate:,.0f} | {planned(point, constants(each.software)):,.0f} | "
        f"{off(point, constants(each.software)):+.0%} |\n"
        for each in published().versions
        for point in each.held_out
    ]
    bursts = [
        f"| {published().bursts.software}, {one.run.name} | all {one.run.requests:,} | {one.run.input:,}, "
        f"{one.run.output:,} | {one.run.rate:.2f} requests/s | {one.planned:.2f} | {one.off:+.0%} |\n"
        for one in compare()
    ]
    return head + "".join([*rows, *bursts])


def _tokens(given: int, cached: int) -> str:
    return f"{given:,} ({cached:,} cached)" if cached else f"{given:,}"
