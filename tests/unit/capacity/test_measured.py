"""A measured layer beside the arithmetic."""

from __future__ import annotations

import pytest

from services.capacity.measured import Batch, LayerMeasurement, Part, beside
from services.capacity.roofline import Constants, Roofline

OF = Constants(overhead=0.0147, reach=0.536, prefill=16_000)


def layer(share: float) -> LayerMeasurement:
    part = Part(seconds=1e-3, bandwidth_share=share, flop_share=0.1)
    batches = tuple(Batch(batch=size, context=1800, attention=part, mixture=part) for size in (1, 32, 256))
    return LayerMeasurement(device="any", torch="any", batches=batches)


@pytest.mark.parametrize("replicated", [True, False])
def test_a_layer_that_reaches_all_of_the_memory_gives_the_bound(replicated: bool) -> None:
    for one in beside(layer(1.0), Roofline(OF, replicated=replicated)):
        assert one.measured == pytest.approx(one.bound)


def test_a_layer_that_reaches_half_of_it_gives_half() -> None:
    for one in beside(layer(0.5), Roofline(OF)):
        assert one.measured == pytest.approx(one.bound / 2)
        assert one.expected < one.bound
