"""The GPU benchmark's arithmetic at small sizes, on a CPU: what is timed is the layer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.capacity.architecture import DEEPSEEK_V3
from services.capacity.measured import LayerMeasurement

torch = pytest.importorskip("torch", reason="PyTorch is no dependency of ours: `pip install torch` to run these")

from tests.benchmarks.r1_layer import Attention, Mixture, _part, peaks_of, quantise, route, share_of  # noqa: E402

SMALL = replace(
    DEEPSEEK_V3,
    hidden=64,
    expert_width=32,
    experts=16,
    chosen=4,
    heads=4,
    query_rank=24,
    latent=32,
    rope=16,
    nope=16,
    value=16,
)


@pytest.mark.parametrize("batch", [1, 7])
def test_absorbed_attention_is_attention(batch: int) -> None:
    layer = Attention(SMALL, "cpu", torch.float64)
    x = torch.randn(batch, SMALL.hidden, dtype=torch.float64)
    cache = torch.randn(batch, 20, SMALL.cached, dtype=torch.float64)
    # Softmax runs in single precision in both.
    torch.testing.assert_close(layer.absorbed(x, cache), layer.plain(x, cache), rtol=1e-5, atol=1e-6)


def test_attention_looks_at_the_step_s_own_token() -> None:
    layer = Attention(SMALL, "cpu", torch.float64)
    x, cache = torch.randn(1, SMALL.hidden, dtype=torch.float64), torch.zeros(1, 1, SMALL.cached, dtype=torch.float64)
    latent = (x @ layer.latent_down)[:, : SMALL.latent]
    alone = torch.einsum("bl,hlv->bhv", latent, layer.value_up).flatten(1) @ layer.out
    torch.testing.assert_close(layer.absorbed(x, cache), alone)


@pytest.mark.parametrize("batch", [1, 5, 40])
def test_grouped_experts_say_what_each_token_s_experts_say(batch: int) -> None:
    mixture = Mixture(SMALL, "cpu")
    chosen, weights = route(batch, SMALL, "cpu")
    x = torch.randn(batch, SMALL.hidden)
    torch.testing.assert_close(
        mixture.forward(x, chosen, weights), mixture.one_by_one(x, chosen, weights), rtol=0.05, atol=0.02
    )


def test_every_token_has_its_experts_once_and_the_shared_one() -> None:
    chosen, weights = route(40, SMALL, "cpu")
    assert all(len(set(row)) == SMALL.chosen + 1 and row[-1] == SMALL.experts for row in chosen.tolist())
    torch.testing.assert_close(weights.sum(-1), torch.full((40,), 2.0))


def test_fp8_keeps_a_row_within_a_sixteenth_of_its_largest() -> None:
    rows = torch.randn(8, 64)
    values, scale = quantise(rows)
    assert (values.float() * scale[:, None] - rows).abs().max() <= rows.abs().amax() / 16


def test_gpus_that_share_a_layer_read_all_of_it_once() -> None:
    part = share_of(DEEPSEEK_V3, 8)
    assert 8 * part.expert_bytes == DEEPSEEK_V3.expert_bytes
    assert 8 * part.heads == DEEPSEEK_V3.heads
    assert part.cached == DEEPSEEK_V3.cached, "every GPU reads the whole cache"


def test_what_it_prints_is_what_the_planner_reads() -> None:
    part = _part(1e-3, 2.4e9, 1e12, peaks_of("NVIDIA H200", 0, 0))
    assert part["bandwidth_share"] == pytest.approx(0.5)
    batch = {"batch": 1, "context": 1800, "attention": part, "mixture": part}
    printed = json.dumps({"device": "NVIDIA H200", "torch": torch.__version__, "batches": [batch]})
    assert LayerMeasurement.model_validate_json(printed).batches[0].mixture.flop_share == pytest.approx(
        1e12 / 1e-3 / 1.979e15
    )
    with pytest.raises(SystemExit, match="--bandwidth and --flops"):
        peaks_of("some GPU", 0, 0)
