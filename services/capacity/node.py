"""One model node: seconds of a decode step, tokens a second, reports an hour.

Its speed is a band, not a number: what the versions of SGLang gave whose figures are published (fitting.py), from the
slowest less what it was overpromised at its held-out points to the newest with what that was underpromised. A plan is
made with the lower edge. Nothing of it was measured by us.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from integration.sglang.profiles import Profile, profile_named
from services.capacity.fitting import constants, worst
from services.capacity.roofline import Roofline, cache_tokens

# The profiles that the published runs are of: one node of 8 × H200, tensor parallel, FP8 weights, BF16 cache.
ROOFLINE = ("r1-8xh200", "v3-8xh200")
# SGLang 0.4.3 gave half of what its successors give; it stands in the table of the documentation, not in the band.
SLOW, FAST = ("SGLang 0.5.3", "SGLang 0.5.7", "SGLang 0.5.12"), "SGLang 0.5.12"


class Edge(StrEnum):
    """Which end of the band."""

    LOW = "low"
    EXPECTED = "expected"
    HIGH = "high"


class CapacityError(Exception):
    """What was asked cannot be worked out; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Band:
    """Step times at one end of the band; at the lower, whichever version is slowest for the load in question."""

    edge: Edge = Edge.LOW

    def step(self, batch: float, context: float) -> float:
        """Seconds of one step."""
        if self.edge is Edge.LOW:
            return max(_step(name, batch, context) * (1 + worst(name)[1]) for name in SLOW)
        return _step(FAST, batch, context) * (1 + (worst(FAST)[0] if self.edge is Edge.HIGH else 0))

    @property
    def prefill(self) -> float:
        """Prompt tokens a second."""
        return min(constants(name).prefill for name in SLOW) if self.edge is Edge.LOW else constants(FAST).prefill


def _step(software: str, batch: float, context: float) -> float:
    return Roofline(constants(software)).step(batch, context)


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
    steps: Band | Roofline | Rates
    context: float
    prefill: float

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


def node_of(
    profile: str,
    context: float,
    *,
    own: float | None = None,
    rates: Rates | None = None,
    prefill: float | None = None,
    edge: Edge = Edge.LOW,
) -> Node:
    """The node of a launch profile; `rates` and `prefill` measured at one take the place of the band.

    `own`: tokens of cache that one request holds for itself at its end, `context` where none of them are shared.
    Raises CapacityError for a profile with neither, ProfileError for one that there is not.
    """
    chosen = profile_named(profile)
    running = running_at_once(chosen)
    if rates is not None:
        return Node(profile, gpus(chosen), running, rates, context, prefill or Band(edge).prefill)
    if profile not in ROOFLINE:
        raise CapacityError(
            f"profile {profile}: no published measurement to take its speed from; give --measured FILE with tokens a "
            "second by requests running"
        )
    room = cache_tokens(float(chosen.flags["mem-fraction-static"].value))
    running = max(1, min(running, int(room / (own or context))))
    return Node(profile, gpus(chosen), running, Band(edge), context, prefill or Band(edge).prefill)


def running_at_once(profile: Profile) -> int:
    """Its `--max-running-requests`."""
    return int(profile.flags["max-running-requests"].value)


def gpus(profile: Profile) -> int:
    """GPUs of one node."""
    return int(profile.flags["tp-size"].value) if "tp-size" in profile.flags else 0


def slots_for(running: int, stat_reserve: float) -> int:
    """Worker slots for a node: the shared ones fill the model, and those kept for STAT come on top."""
    return -int(-running // (1 - stat_reserve))
