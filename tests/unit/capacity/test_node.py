"""The arithmetic of one node, beside the figures it was taken from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.sglang.profiles import ProfileError, load_profiles
from services.capacity.architecture import DEEPSEEK_V3
from services.capacity.fitting import constants
from services.capacity.node import FAST, ROOFLINE, SLOW, CapacityError, Edge, Rates, node_of, slots_for
from services.capacity.roofline import Roofline, cache_tokens

ROOF = Roofline(constants("SGLang 0.5.3"))
# Bytes and tokens a second as docs/serving.md's arithmetic states them, worked out by hand before this code was.
WEIGHTS = {1: 38e9, 32: 434e9, 64: 585e9, 128: 660e9}
BOUND = {1: 996, 32: 2633, 64: 3781, 128: 6227, 256: 10572}


@pytest.mark.parametrize("batch", WEIGHTS)
def test_a_batch_reads_most_experts(batch: int) -> None:
    assert DEEPSEEK_V3.weight_bytes(batch) == pytest.approx(WEIGHTS[batch], rel=0.02)


def test_37_billion_parameters_are_active_and_a_token_takes_70272_bytes_of_cache() -> None:
    assert DEEPSEEK_V3.active_parameters == pytest.approx(37e9, rel=0.02)
    assert DEEPSEEK_V3.cache_bytes == 70_272


@pytest.mark.parametrize("batch", BOUND)
def test_the_bound_is_the_roofline_of_memory(batch: int) -> None:
    assert batch / ROOF.bound(batch, 1800) == pytest.approx(BOUND[batch], rel=0.005)


def test_the_two_constants_meet_the_two_published_points_they_were_fitted_to() -> None:
    assert ROOF.step(4, 335) == pytest.approx(0.01936, rel=0.01)
    assert ROOF.step(9699 * 0.05166, 320) == pytest.approx(0.05166, rel=0.01)


@given(st.integers(1, 512), st.integers(100, 30_000))
def test_the_edges_of_the_band_are_in_their_order(batch: int, context: int) -> None:
    low, expected, high = (node_of("r1-8xh200", context, edge=edge) for edge in Edge)
    assert low.decode(batch) <= expected.decode(batch) <= high.decode(batch)
    assert low.prefill <= expected.prefill <= high.prefill


@given(st.integers(1, 512), st.integers(100, 30_000))
def test_no_version_of_the_band_is_slower_than_its_lower_edge(batch: int, context: int) -> None:
    low = node_of("r1-8xh200", context)
    assert all(low.steps.step(batch, context) >= Roofline(constants(name)).step(batch, context) for name in SLOW)
    assert FAST in SLOW


def test_the_cache_is_what_the_weights_leave_of_the_memory() -> None:
    """671 GB in FP8 and the embedding in BF16, the narrow projections on every GPU; 0.82 of 141 GB."""
    assert DEEPSEEK_V3.bytes_a_gpu(8) == pytest.approx(84.9e9, rel=0.001)
    assert cache_tokens(0.82) == pytest.approx((0.82 * 141e9 - 84.9e9) / 70_272, rel=0.001)
    assert cache_tokens(0.82) == pytest.approx(445_000, rel=0.02), "as SGLang's cookbook sizes it"


def test_more_requests_give_more_tokens_in_all_and_fewer_to_each() -> None:
    node = node_of("r1-8xh200", 1800)
    rates = [node.decode(batch) for batch in range(1, node.running + 1)]
    assert rates == sorted(rates)
    each = [rate / batch for batch, rate in enumerate(rates, 1)]
    assert each == sorted(each, reverse=True)


def test_long_contexts_leave_room_for_fewer_requests() -> None:
    assert node_of("r1-8xh200", 1700).running == 256
    assert node_of("r1-8xh200", 16_000).running == cache_tokens(0.82) // 16_000


def test_a_shared_prefix_takes_its_room_once() -> None:
    assert node_of("r1-8xh200", 16_000, own=1700).running == 256


def test_a_measured_node_needs_no_arithmetic() -> None:
    node = node_of("llama-3.3-70b-1xh200", 2000, rates=Rates({1: 50, 64: 1600}), prefill=5000)
    assert (node.decode(1), node.full) == (50, 1600)
    assert 50 < node.decode(8) < 1600
    assert node.reports_an_hour(1500, 300) == pytest.approx(3600 / (300 / 1600 + 1500 / 5000))


def test_a_profile_nobody_measured_is_refused_with_what_to_give() -> None:
    with pytest.raises(CapacityError, match="--measured FILE"):
        node_of("llama-3.3-70b-1xh200", 2000)
    with pytest.raises(CapacityError, match="no published measurement"):
        node_of("r1-8xh200-dp", 2000)
    with pytest.raises(ProfileError, match="r1-8xh200"):
        node_of("r1-16xh100", 2000)


def test_the_arithmetic_is_for_profiles_that_there_are() -> None:
    assert set(ROOFLINE) <= set(load_profiles())


def test_slots_fill_the_model_and_those_for_stat_come_on_top() -> None:
    slots = slots_for(128, 0.1)
    assert slots - 0.1 * slots >= 128 > (slots - 1) * 0.9
