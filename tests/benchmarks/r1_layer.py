"""One layer of DeepSeek-R1 at its real sizes on a GPU: what share of its bandwidth and FP8 speed a decode step reaches.

    python -m tests.benchmarks.r1_layer > layer.json      then: countersign capacity --measured layer.json

Latent attention in its absorbed form over a filled cache (BF16), and the mixture of 256 experts, 8 chosen, with the
shared one (FP8). The arithmetic is the layer's; weights, cache and routing are random. Left out, since they move next
to no bytes: norms, rotary embedding (the cached key is as if rotated), the router's own matrix. PyTorch's kernels, not
SGLang's, inside a CUDA graph, so that launches do not count. About 13 GB of GPU memory. `--tensor-parallel 8` runs what
one GPU of eight does: an eighth of the heads over the whole cache, and an eighth of every expert.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from services.capacity.architecture import DEEPSEEK_V3, Architecture

try:
    import torch
    from torch import Tensor
except ModuleNotFoundError:
    raise SystemExit("skipped: no PyTorch here") from None

COULD_NOT = 3
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
FP8_LARGEST = 448.0
# Data sheets: bytes/s and dense FP8 operations/s.
PEAKS = {"H200": (4.8e12, 1.979e15), "H100": (3.35e12, 1.979e15)}


class Attention:
    """Latent attention of one decode step: x (batch, hidden), cache (batch, context, latent + rope)."""

    def __init__(self, sizes: Architecture, device: str, dtype: torch.dtype, seed: int = 0) -> None:
        self.sizes = sizes
        make = _maker(device, dtype, seed)
        wide = sizes.nope + sizes.rope
        self.query_down = make(sizes.hidden, sizes.query_rank)
        self.query_up = make(sizes.query_rank, sizes.heads * wide)
        self.latent_down = make(sizes.hidden, sizes.cached)
        self.key_up = make(sizes.heads, sizes.nope, sizes.latent)
        self.value_up = make(sizes.heads, sizes.latent, sizes.value)
        self.out = make(sizes.heads * sizes.value, sizes.hidden)

    def absorbed(self, x: Tensor, cache: Tensor) -> Tensor:
        """Queries are taken into the latent space, so that the cache is read as it lies: all heads share it."""
        nope, rope = self._query(x)
        query = torch.cat([torch.einsum("bhn,hnl->bhl", nope, self.key_up), rope], dim=-1)
        keys = self._with_new(x, cache)
        weights = self._softmax(query @ keys.transpose(1, 2))
        mixed = weights @ keys[..., : self.sizes.latent]
        return torch.einsum("bhl,hlv->bhv", mixed, self.value_up).flatten(1) @ self.out

    def plain(self, x: Tensor, cache: Tensor) -> Tensor:
        """The definition: keys and values of every head made from the latent cache first."""
        nope, rope = self._query(x)
        latent, rotary = self._with_new(x, cache).split([self.sizes.latent, self.sizes.rope], dim=-1)
        keys = torch.einsum("bsl,hnl->bhsn", latent, self.key_up)
        values = torch.einsum("bsl,hlv->bhsv", latent, self.value_up)
        scores = torch.einsum("bhn,bhsn->bhs", nope, keys) + torch.einsum("bhr,bsr->bhs", rope, rotary)
        return torch.einsum("bhs,bhsv->bhv", self._softmax(scores), values).flatten(1) @ self.out

    def _query(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sizes = self.sizes
        query = (x @ self.query_down @ self.query_up).view(len(x), sizes.heads, sizes.nope + sizes.rope)
        nope, rope = query.split([sizes.nope, sizes.rope], dim=-1)
        return nope, rope

    def _with_new(self, x: Tensor, cache: Tensor) -> Tensor:
        """The cache with the step's own token in its last place."""
        cache[:, -1] = x @ self.latent_down
        return cache

    def _softmax(self, scores: Tensor) -> Tensor:
        scale = (self.sizes.nope + self.sizes.rope) ** -0.5
        return torch.softmax(scores.float() * scale, dim=-1).to(scores.dtype)


class Mixture:
    """Gated experts in FP8, a scale for each row. The shared expert is the last: every token chooses it."""

    def __init__(self, sizes: Architecture, device: str, seed: int = 0) -> None:
        self.sizes = sizes
        self.gate_up = _experts(sizes.experts + 1, 2 * sizes.expert_width, sizes.hidden, device, seed)
        self.down = _experts(sizes.experts + 1, sizes.hidden, sizes.expert_width, device, seed + 1)

    def forward(self, x: Tensor, chosen: Tensor, weights: Tensor) -> Tensor:
        """x (batch, hidden), chosen and weights (batch, chosen + 1): every expert reads its tokens once."""
        order = torch.argsort(chosen.flatten(), stable=True)
        token = order // chosen.shape[1]
        ends = (chosen.flatten()[:, None] == torch.arange(self.sizes.experts + 1, device=x.device)).sum(0).cumsum(0)
        gate, up = _grouped(x[token], self.gate_up, ends.int()).chunk(2, dim=-1)
        said = _grouped(torch.nn.functional.silu(gate) * up, self.down, ends.int())
        said = said * weights.flatten()[order, None].to(said.dtype)
        return torch.zeros_like(x).index_add_(0, token, said.to(x.dtype))

    def one_by_one(self, x: Tensor, chosen: Tensor, weights: Tensor) -> Tensor:
        """The definition: each token through each of its experts, in full precision."""
        rows = []
        for at, token in enumerate(x.float()):
            parts = []
            for expert, weight in zip(chosen[at].tolist(), weights[at].tolist(), strict=True):
                gate, up = (self.gate_up.float()[expert] @ token).chunk(2)
                parts.append(weight * (self.down.float()[expert] @ (torch.nn.functional.silu(gate) * up)))
            rows.append(torch.stack(parts).sum(0))
        return torch.stack(rows)


@dataclass
class Quantised:
    """Weights (experts, out, in) in FP8, scales (experts, out)."""

    values: Tensor
    scales: Tensor

    def float(self) -> Tensor:
        """What they stand for."""
        return self.values.float() * self.scales[..., None]


def quantise(rows: Tensor) -> tuple[Tensor, Tensor]:
    """FP8 with one scale a row."""
    scale = rows.float().abs().amax(dim=-1).clamp(min=1e-12) / FP8_LARGEST
    return (rows.float() / scale[..., None]).to(torch.float8_e4m3fn), scale


def route(batch: int, sizes: Architecture, device: str, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random choices of `chosen` different experts for each token, the shared one last with weight 1."""
    chance = torch.Generator(device="cpu").manual_seed(seed)
    top = torch.rand(batch, sizes.experts, generator=chance).topk(sizes.chosen)
    shared = torch.full((batch, 1), sizes.experts)
    weights = torch.cat([top.values / top.values.sum(-1, keepdim=True), torch.ones(batch, 1)], dim=-1)
    return torch.cat([top.indices, shared], dim=-1).to(device), weights.to(device)


def _grouped(rows: Tensor, weights: Quantised, ends: Tensor) -> Tensor:
    """Rows up to ends[0] through the first matrix, up to ends[1] through the second, … (rows, out) in BF16."""
    if rows.is_cuda:
        values, scale = quantise(rows)
        return torch._scaled_grouped_mm(
            values, weights.values.transpose(-2, -1), scale, weights.scales, offs=ends, out_dtype=torch.bfloat16
        )
    # FP8 matrix products exist on GPUs alone: here the same grouping with what the weights stand for.
    dense = weights.float().to(torch.bfloat16).transpose(-2, -1)
    return torch._grouped_mm(rows.to(torch.bfloat16), dense, offs=ends)


def _experts(count: int, out: int, into: int, device: str, seed: int) -> Quantised:
    values = torch.empty(count, out, into, dtype=torch.float8_e4m3fn, device=device)
    scales = torch.empty(count, out, dtype=torch.float32, device=device)
    make = _maker(device, torch.float32, seed)
    for expert in range(count):
        values[expert], scales[expert] = quantise(make(out, into))
    return Quantised(values, scales)


def _maker(device: str, dtype: torch.dtype, seed: int) -> Callable[..., Tensor]:
    chance = torch.Generator(device=device).manual_seed(seed)

    def make(*shape: int) -> Tensor:
        return (torch.randn(*shape, generator=chance, device=device) * shape[-1] ** -0.5).to(dtype)

    return make


def measure(
    batch: int, context: int, attention: Attention, mixture: Mixture, peaks: tuple[float, float]
) -> dict[str, Any]:
    """One batch size, as services.capacity.measured.Batch."""
    sizes, device = attention.sizes, "cuda"
    x = _maker(device, torch.bfloat16, 1)(batch, sizes.hidden)
    cache = _maker(device, torch.bfloat16, 2)(batch, context, sizes.cached)
    chosen, weights = route(batch, sizes, device, seed=batch)
    touched = int(chosen.unique().numel())
    looked_at = batch * sizes.heads * context * (sizes.cached + sizes.latent)
    return {
        "batch": batch,
        "context": context,
        "attention": _part(
            seconds(lambda: attention.absorbed(x, cache)),
            2 * batch * context * sizes.cached + 2 * sizes.attention_bytes,
            2 * (looked_at + batch * sizes.attention_bytes),
            peaks,
        ),
        "mixture": _part(
            seconds(lambda: mixture.forward(x, chosen, weights)),
            touched * sizes.expert_bytes,
            2 * batch * (sizes.chosen + 1) * sizes.expert_bytes,
            peaks,
        ),
    }


def _part(seconds: float, moved: float, computed: float, peaks: tuple[float, float]) -> dict[str, float]:
    bandwidth, speed = peaks
    return {
        "seconds": seconds,
        "bandwidth_share": moved / seconds / bandwidth,
        "flop_share": computed / seconds / speed,
    }


def seconds(step: Callable[[], Tensor], rounds: int = 20) -> float:
    """Median seconds of one replay of the step, captured as a CUDA graph."""
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return statistics.median(_timed(graph) for _ in range(rounds))


def _timed(graph: Any) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    graph.replay()
    end.record()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end)) / 1000


def peaks_of(name: str, bandwidth: float, speed: float) -> tuple[float, float]:
    """What the data sheet says of a device; ends with a clear line for one it does not know."""
    for known, peaks in PEAKS.items():
        if known in name:
            return bandwidth or peaks[0], speed or peaks[1]
    if not (bandwidth and speed):
        raise SystemExit(f"{name}: give --bandwidth and --flops of its data sheet")
    return bandwidth, speed


def share_of(sizes: Architecture, gpus: int) -> Architecture:
    """The part of a layer that one of `gpus` GPUs runs."""
    return replace(sizes, heads=sizes.heads // gpus, expert_width=sizes.expert_width // gpus)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--context", type=int, default=1800, help="tokens in the cache of each request")
    parser.add_argument("--bandwidth", type=float, default=0, help="bytes a second")
    parser.add_argument("--flops", type=float, default=0, help="dense FP8 operations a second")
    parser.add_argument("--tensor-parallel", type=int, default=1, help="GPUs that share the layer")
    chosen = parser.parse_args()
    if not torch.cuda.is_available():
        print("skipped: no CUDA device here", file=sys.stderr)
        raise SystemExit(COULD_NOT)
    device = torch.cuda.get_device_name()
    peaks = peaks_of(device, chosen.bandwidth, chosen.flops)
    sizes = share_of(DEEPSEEK_V3, chosen.tensor_parallel)
    attention, mixture = Attention(sizes, "cuda", torch.bfloat16), Mixture(sizes, "cuda")
    batches = [measure(batch, chosen.context, attention, mixture, peaks) for batch in BATCHES]
    print(json.dumps({"device": device, "torch": torch.__version__, "batches": batches}, indent=1))


if __name__ == "__main__":
    with torch.inference_mode():
        main()
