"""Published measurements of DeepSeek-R1 on a node like ours, and how far the planner is off.

Source: gpustack's performance lab, "Optimizing DeepSeek-R1 Throughput on NVIDIA H200 GPUs" (DeepSeek-R1-0528,
8 × H200, SGLang 0.5.3, `vllm bench serve`, all requests sent at once). Nobody here measured anything on an H200.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.capacity.demand import Arrival, Tokens, context
from services.capacity.node import CACHE_TOKENS, GPUS, node_of
from services.capacity.simulation import House, simulate
from services.settings import Queue

# SGLang admits no more at once than this on such a node, whatever the cache would hold (assumed).
MOST = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """One published run: requests, mean tokens in and out, requests a second. `fixed`: all of one length."""

    name: str
    profile: str
    requests: int
    input: int
    output: int
    published: float
    fixed: bool = True


RUNS = (
    Run("ShareGPT, tensor parallel", "r1-8xh200", 1000, 219, 201, 15.80, fixed=False),
    Run("ShareGPT, data-parallel attention", "r1-8xh200-dp", 1000, 219, 201, 17.01, fixed=False),
    Run("128 tokens in, 4 out", "r1-8xh200-dp", 1000, 127, 4, 156.24),
    Run("2,000 tokens in, 100 out", "r1-8xh200-dp", 500, 1997, 100, 9.07),
    Run("4,000 tokens in, 200 out", "r1-8xh200-dp", 500, 3995, 200, 3.84),
    Run("32,000 tokens in, 100 out", "r1-8xh200-dp", 100, 31999, 100, 0.50),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Requests a second, ours and theirs."""

    run: Run
    planned: float

    @property
    def off(self) -> float:
        """-0.1: the planner promises a tenth less than was published."""
        return self.planned / self.run.published - 1


def compare() -> Iterator[Comparison]:
    """Every published run, run through the planner's own node in the simulation."""
    for run in RUNS:
        arrivals = list(_burst(run))
        yield Comparison(run, run.requests / _makespan(run, arrivals))


def _burst(run: Run) -> Iterator[Arrival]:
    # How long ShareGPT's answers are is not published beyond the mean: exponential, as chat answers roughly are.
    chance = random.Random(42)  # noqa: S311
    for number in range(run.requests):
        output = run.output if run.fixed else max(1, round(chance.expovariate(1 / run.output)))
        yield Arrival(number, 0.0, 2, "bench", Tokens(input=run.input, output=output))


def _makespan(run: Run, arrivals: list[Arrival]) -> float:
    held = context([one.tokens for one in arrivals])
    node = node_of(run.profile, held)
    # With data-parallel attention each token's cache is held once, so eight times as many fit.
    room = CACHE_TOKENS * (GPUS if run.profile.endswith("-dp") else 1) / held
    node = replace(node, running=min(MOST, int(room)))
    queue = Queue(stat_reserve=0, depth=1, relay=0.1)
    reads = simulate(House(node, 1, 1, run.requests), queue, arrivals)
    return max(read.ended for read in reads)


def markdown() -> str:
    """The table of the documentation."""
    head = "| Published run | Requests/s, published | Planner | Off by |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {one.run.name} | {one.run.published:.2f} | {one.planned:.2f} | {one.off:+.0%} |\n" for one in compare()
    )
