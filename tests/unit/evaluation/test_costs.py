"""Tokens, time and money of readings, by hand."""

from __future__ import annotations

import pytest

from services.engines import About, Price
from services.evaluation.costs import costs, money
from services.reading.reader import Failing, Usage
from tests.unit.evaluation.made import answer

USAGE = Usage(input_tokens=1500, cached_tokens=500, reasoning_tokens=300, answer_tokens=100, calls=1, seconds=2.0)


def test_cached_input_and_thinking_have_their_own_price() -> None:
    price = Price(input=2.0, cached=0.5, output=10.0)

    assert money(USAGE, price) == pytest.approx((1000 * 2 + 500 * 0.5 + 400 * 10) / 1_000_000)


def test_cached_input_costs_what_input_costs_where_no_price_is_given() -> None:
    assert money(USAGE, Price(input=2.0, output=10.0)) == pytest.approx((1500 * 2 + 400 * 10) / 1_000_000)


def test_the_cost_of_a_thousand_reports_counts_failed_ones_too() -> None:
    found = costs([answer("p", USAGE), answer("-", USAGE)], About(price=Price(input=0, output=1.0, currency="EUR")), 4)

    assert found.per_1000 == pytest.approx(1000 * 400 / 1_000_000)
    assert (found.currency, found.failures, found.asked, found.workers) == ("EUR", {"parse": 1}, 2, 4)


def test_without_a_price_there_is_no_cost() -> None:
    assert costs([answer("p", USAGE)], About(), 1).per_1000 is None


def test_reports_nobody_was_asked_about_cost_no_time() -> None:
    away = answer("-", failure=Failing.AWAY)
    found = costs([answer("p", USAGE), away, away], About(), 1)

    assert (found.asked, found.latency[50], found.tokens.input) == (1, 2.0, 1500)


def test_percentiles_and_verbosity() -> None:
    usages = [USAGE.model_copy(update={"seconds": float(second)}) for second in range(1, 101)]
    found = costs([answer("p", usage, visible_words=10, reasoning_words=200) for usage in usages], About(), 1)

    assert found.latency == pytest.approx({50: 50.5, 90: 90.1, 95: 95.05, 99: 99.01})
    assert (found.verbosity.visible, found.verbosity.reasoning) == (10, 200)
    assert found.verbosity.ratio == pytest.approx(3.0)
