"""Two engines on the same reports: differences, their intervals and their tests."""

from __future__ import annotations

import pytest
from scipy.stats import false_discovery_control

from services.evaluation.pairs import mcnemar
from tests.unit.evaluation.made import result


def test_the_exact_mcnemar_test_knows_what_a_table_says() -> None:
    """5 against 15 discordant: twice the lower binomial tail, 0.0414 (Agresti 2013, exact conditional test)."""
    found = mcnemar(5, 15)

    assert found.p == pytest.approx(0.04139, abs=1e-5)
    assert mcnemar(0, 0).p == 1.0


def test_a_worse_engine_is_told_from_a_better_one() -> None:
    golds = ["paun", "pann"] * 15
    (pair,) = result(golds, {"good": golds, "bad": ["aann", "aapn"] * 15}).pairs

    assert (pair.a, pair.b) == ("good", "bad")
    assert pair.macro_f1.change.high < 0
    assert pair.macro_f1.p < 0.01
    assert (pair.mcnemar.only_a, pair.mcnemar.only_b) == (60, 0)


def test_engines_that_say_the_same_do_not_differ() -> None:
    golds = ["paun"] * 10
    (pair,) = result(golds, {"one": ["paua"] * 10, "two": ["paua"] * 10}).pairs

    assert (pair.macro_f1.change.value, pair.macro_f1.p, pair.mcnemar.p) == (0.0, 1.0, 1.0)


def test_several_pairs_are_adjusted_for_their_number() -> None:
    golds = ["paun", "ppaa"] * 10
    said = {"a": golds, "b": ["paua", "ppaa"] * 10, "c": ["aaua", "ppan"] * 10}
    pairs = result(golds, said).pairs

    ps = [pair.accuracy.p for pair in pairs]
    assert [pair.accuracy.q for pair in pairs] == pytest.approx(list(false_discovery_control(ps)))
    assert [(pair.a, pair.b) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
