"""One model node: seconds of a decode step, tokens a second, reports an hour.

A step takes `overhead + bound / reach`: the bound is what the memory must at least deliver (the roofline), `reach` the
share of it that a server gets, `overhead` what a step costs however few requests run (launches, all-reduce,
scheduler). Both constants are fitted to two published points (published.py), not measured by us.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from integration.sglang.profiles import Profile, profile_named
from services.capacity.architecture import DEEPSEEK_V3, Architecture

# 8 × H200 SXM, by NVIDIA's data sheet: HBM bytes/s and dense FP8 operations/s of one GPU.
GPUS, BANDWIDTH, FP8 = 8, 4.8e12, 1.979e15
# gpustack's lab, DeepSeek-R1-0528 on 8 × H200: 4 requests took 19.36 ms a token (vLLM 0.11), and SGLang 0.5.3 gave
# 9,699 tokens/s at its peak with a median of 51.66 ms between tokens: some 500 requests of 320 tokens.
OVERHEAD, REACH = 0.0147, 0.536
# Prompt tokens a second, the long prompts of the same lab (16,092 in all at 32,000 tokens, 19,024 at 2,000).
PREFILL = 16_000.0
# About 34 GB a GPU are left for the cache, and under tensor parallelism each GPU holds all of it.
CACHE_TOKENS = 480_000
ROOFLINE = ("r1-8xh200", "r1-8xh200-dp", "v3-8xh200")


class CapacityError(Exception):
    """What was asked cannot be worked out; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """Step times by arithmetic. `replicated`: every GPU holds and reads the whole cache (tensor parallelism)."""

    architecture: Architecture = DEEPSEEK_V3
    replicated: bool = True
    overhead: float = OVERHEAD
    reach: float = REACH

    def bound(self, batch: float, context: float) -> float:
        """Seconds below which no step of `batch` requests with `context` tokens each can be: memory alone."""
        cache = batch * context * self.architecture.cache_bytes / (1 if self.replicated else GPUS)
        return (self.architecture.weight_bytes(batch) / GPUS + cache) / BANDWIDTH

    def step(self, batch: float, context: float) -> float:
        """Seconds of one step."""
        return self.overhead + self.bound(batch, context) / self.reach


@dataclass(frozen=True, slots=True)
class Rates:
    """Step times as somebody measured them: tokens a second of the whole node, by requests running."""

    decode: Mapping[int, float]

    def step(self, batch: float, context: float) -> float:
        """Seconds of one step, straight between the two batches next to it; flat beyond the ends."""
        sizes = sorted(self.decode)
        seconds = [size / self.decode[size] for size in sizes]
        if batch <= sizes[0]:
            return seconds[0]
        if batch >= sizes[-1]:
            return batch / self.decode[sizes[-1]]
        after = bisect_left(sizes, batch)
        share = (batch - sizes[after - 1]) / (sizes[after] - sizes[after - 1])
        return seconds[after - 1] + share * (seconds[after] - seconds[after - 1])


@dataclass(frozen=True, slots=True)
class Node:
    """A node at work. `running`: requests it runs at once; `context`: mean tokens of one; `prefill` in tokens/s."""

    name: str
    gpus: int
    running: int
    steps: Roofline | Rates
    context: float
    prefill: float = PREFILL

    def decode(self, batch: float) -> float:
        """Tokens a second of `batch` running requests together."""
        return batch / self.steps.step(batch, self.context)

    @property
    def full(self) -> float:
        """Tokens a second when as many requests run as it takes."""
        return self.decode(self.running)

    def reports_an_hour(self, uncached: float, output: float) -> float:
        """3600 / (output / decode + uncached input / prefill)."""
        return 3600 / (output / self.full + uncached / self.prefill)

    def alone(self, uncached: float, output: float) -> float:
        """Seconds of one report that has the node to itself."""
        return output / self.decode(1) + uncached / self.prefill


def node_of(profile: str, context: float, *, rates: Rates | None = None, prefill: float | None = None) -> Node:
    """The node of a launch profile; `rates` and `prefill` measured at one take the place of the arithmetic.

    Raises CapacityError for a profile with neither, ProfileError for one that there is not.
    """
    chosen = profile_named(profile)
    if rates is None and profile not in ROOFLINE:
        raise CapacityError(
            f"profile {profile}: no published measurement to take its speed from; give --measured FILE with tokens a "
            "second by requests running"
        )
    running = running_at_once(chosen)
    steps = rates or Roofline(replicated="enable-dp-attention" not in chosen.flags)
    if rates is None:
        running = min(running, int(CACHE_TOKENS / context)) or 1
    return Node(profile, gpus(chosen), running, steps, context, prefill or PREFILL)


def running_at_once(profile: Profile) -> int:
    """Its `--max-running-requests`."""
    return int(profile.flags["max-running-requests"].value)


def gpus(profile: Profile) -> int:
    """GPUs of one node."""
    return int(profile.flags["tp-size"].value) if "tp-size" in profile.flags else 0


def slots_for(running: int, stat_reserve: float) -> int:
    """Worker slots for a node: the shared ones fill the model, and those kept for STAT come on top."""
    return -int(-running // (1 - stat_reserve))
