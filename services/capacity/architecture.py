"""What one decode step of DeepSeek-V3 and R1 must read and compute, from the sizes in the model's config.json."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Architecture:
    """Latent attention and a mixture of experts. Widths in numbers, weights in FP8 (1 byte) but for the head (BF16)."""

    layers: int
    dense_layers: int
    hidden: int
    dense_width: int
    expert_width: int
    experts: int
    chosen: int
    shared: int
    heads: int
    query_rank: int
    latent: int
    rope: int
    nope: int
    value: int
    vocabulary: int

    @property
    def expert_bytes(self) -> int:
        """Gate, up and down of one expert."""
        return 3 * self.hidden * self.expert_width

    @property
    def attention_bytes(self) -> int:
        """The projections of one layer's latent attention."""
        query = self.hidden * self.query_rank + self.query_rank * self.heads * (self.nope + self.rope)
        key_value = self.hidden * self.cached + self.latent * self.heads * (self.nope + self.value)
        return query + key_value + self.heads * self.value * self.hidden

    @property
    def cached(self) -> int:
        """Numbers of the latent cache for one token in one layer: the compressed key and value, and the rotary key."""
        return self.latent + self.rope

    @property
    def cache_bytes(self) -> int:
        """Bytes of one token's cache over all layers, BF16."""
        return 2 * self.cached * self.layers

    def experts_read(self, batch: float) -> float:
        """How many routed experts of a layer at least one of `batch` tokens chooses, if choices are even."""
        untouched: float = (1 - self.chosen / self.experts) ** batch
        return self.experts * (1 - untouched)

    def weight_bytes(self, batch: float) -> float:
        """Bytes of weights that one step of `batch` tokens reads: a batch touches most of the experts."""
        mixture = (self.experts_read(batch) + self.shared) * self.expert_bytes
        dense = 3 * self.hidden * self.dense_width
        head = 2 * self.hidden * self.vocabulary
        sparse_layers = self.layers - self.dense_layers
        return self.layers * self.attention_bytes + sparse_layers * mixture + self.dense_layers * dense + head

    def bytes_a_gpu(self, gpus: int) -> float:
        """Bytes of weights on each of so many tensor-parallel GPUs: the narrow projections of attention are on all."""
        embedding = 2 * self.hidden * self.vocabulary
        narrow = self.layers * self.hidden * (self.query_rank + self.cached)
        everything = self.weight_bytes(math.inf) + embedding
        return (everything - narrow) / gpus + narrow

    @property
    def active_parameters(self) -> float:
        """Parameters that one token passes through."""
        return self.weight_bytes(1) - self.hidden * self.vocabulary


DEEPSEEK_V3 = Architecture(
    layers=61,
    dense_layers=3,
    hidden=7168,
    dense_width=18432,
    expert_width=2048,
    experts=256,
    chosen=8,
    shared=1,
    heads=128,
    query_rank=1536,
    latent=512,
    rope=64,
    nope=128,
    value=128,
    vocabulary=129280,
)
