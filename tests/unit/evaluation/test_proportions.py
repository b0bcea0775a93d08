"""Shares, tests and kappas against other people's implementations, and against what they must be."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, fisher_exact
from sklearn.metrics import cohen_kappa_score

from services.figures.kappa import cohen, fleiss, interval
from services.figures.proportions import adjusted, fisher, wilson

LABELS = st.sampled_from(["present", "absent", "uncertain"])
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=60)
COUNTS = st.integers(0, 60).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))


@given(PAIRS)
def test_cohens_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    ours = cohen(pairs)
    assume(ours is not None)
    firsts, seconds = zip(*pairs, strict=True)
    assert ours == pytest.approx(cohen_kappa_score(firsts, seconds), abs=1e-12)


@given(PAIRS)
def test_kappa_is_at_most_one_and_one_only_for_readers_of_one_mind(pairs: list[tuple[str, str]]) -> None:
    for value in (cohen(pairs), fleiss(pairs)):
        assert value is None or value <= 1 + 1e-12
        assert value is None or (value > 1 - 1e-9) == all(first == second for first, second in pairs)


@given(PAIRS)
@example([("present", "present"), ("uncertain", "absent"), ("absent", "present"), *[("uncertain", "absent")] * 2])
def test_who_is_called_the_first_reader_changes_no_kappa(pairs: list[tuple[str, str]]) -> None:
    turned = [(second, first) for first, second in pairs]
    assert (cohen(turned) is None) == (cohen(pairs) is None)
    assert cohen(turned) == pytest.approx(cohen(pairs)) if cohen(pairs) is not None else True
    assert fleiss(turned) == fleiss(pairs)


def test_fleiss_kappa_of_his_own_kind_of_table() -> None:
    """Ten subjects, fourteen raters, five categories: 0.210 (Fleiss 1971 as worked through in Wikipedia)."""
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1), (7, 7, 0, 0, 0),
        (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    items = [[category for category, count in enumerate(row) for _ in range(count)] for row in table]
    assert fleiss(items) == pytest.approx(0.210, abs=5e-4)


def test_readers_who_say_one_thing_always_have_no_kappa() -> None:
    assert cohen([("present", "present")] * 20) is None
    assert fleiss([("present", "present")] * 20) is None
    assert cohen([]) is None


def test_the_interval_of_kappa_holds_it_and_narrows_with_more_pairs() -> None:
    pairs = [("present", "present")] * 8 + [("absent", "absent")] * 8 + [("present", "absent")] * 4
    few, many = interval(pairs), interval(pairs * 10)
    value = cohen(pairs)
    assert few and many and value
    assert few[0] < value < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert interval(pairs[:9]) is None


@given(COUNTS, COUNTS)
def test_fishers_exact_test_is_that_of_scipy(now: tuple[int, int], before: tuple[int, int]) -> None:
    table = [[now[0], now[1] - now[0]], [before[0], before[1] - before[0]]]
    assert fisher(now, before) == pytest.approx(fisher_exact(table).pvalue, rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_adjusted_values_are_those_of_scipy(values: list[float]) -> None:
    assert adjusted(values) == pytest.approx(list(false_discovery_control(values)))


@given(COUNTS)
def test_the_wilson_interval_holds_the_share(counts: tuple[int, int]) -> None:
    hits, count = counts
    low, high = wilson(hits, count)
    assert 0 <= low <= high <= 1
    assert not count or low - 1e-9 <= hits / count <= high + 1e-9


def test_one_more_error_in_a_handful_is_no_news() -> None:
    assert fisher((2, 5), (10, 100)) > 0.05
    assert fisher((25, 50), (10, 100)) < 1e-6
    chance = random.Random(7)
    even = [fisher((sum(chance.random() < 0.1 for _ in range(12)), 12), (40, 400)) for _ in range(200)]
    assert sum(value < 0.01 for value in even) <= 200 * 0.01 + 2
