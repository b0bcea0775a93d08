"""Seconds of one decode step by arithmetic: what the memory must at least deliver, and what a server makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from services.capacity.architecture import DEEPSEEK_V3, Architecture

# 8 × H200 SXM, by NVIDIA's data sheet: HBM bytes and bytes/s, dense FP8 operations/s of one GPU.
GPUS, MEMORY, BANDWIDTH, FP8 = 8, 141e9, 4.8e12, 1.979e15


@dataclass(frozen=True, slots=True)
class Constants:
    """Of one version of a server. A step takes `overhead + bound / reach` seconds; prompts go at `prefill` tokens/s.

    `overhead`: what a step costs however few requests run (launches, all-reduce, scheduler); `reach`: the share of the
    memory's speed that it gets.
    """

    overhead: float
    reach: float
    prefill: float


@dataclass(frozen=True, slots=True)
class Roofline:
    """Step times by arithmetic. `replicated`: every GPU holds and reads the whole cache (tensor parallelism)."""

    constants: Constants
    architecture: Architecture = DEEPSEEK_V3
    replicated: bool = True

    def bound(self, batch: float, context: float) -> float:
        """Seconds below which no step of `batch` requests with `context` tokens each can be: memory alone."""
        cache = batch * context * self.architecture.cache_bytes / (1 if self.replicated else GPUS)
        return (self.architecture.weight_bytes(batch) / GPUS + cache) / BANDWIDTH

    def step(self, batch: float, context: float) -> float:
        """Seconds of one step."""
        return self.constants.overhead + self.bound(batch, context) / self.constants.reach


def cache_tokens(share: float, architecture: Architecture = DEEPSEEK_V3) -> int:
    """Tokens of latent cache of a tensor-parallel node whose server takes `share` of each GPU's memory.

    What the weights leave, and every GPU holds all of it: SGLang's `--mem-fraction-static` counts both.
    """
    return int((share * MEMORY - architecture.bytes_a_gpu(GPUS)) / architecture.cache_bytes)
