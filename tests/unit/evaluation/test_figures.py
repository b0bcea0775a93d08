"""The figures of an evaluation: by hand on small sets, and against scikit-learn and SciPy on random ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from sklearn.metrics import accuracy_score, f1_score

from integration.canonical import Status
from services.evaluation.figures import Figures, figures, scores, weights
from services.evaluation.labels import Labels, labels_of
from tests.unit.evaluation.made import answer, item, result

LETTERS = st.lists(st.tuples(st.sampled_from("paun"), st.sampled_from("paun-")), min_size=1, max_size=60)


def _figures(golds: list[str], said: list[str]) -> Figures:
    return result(golds, {"e": said}).engines[0].figures


def test_macro_f1_is_over_present_absent_and_uncertain() -> None:
    found = _figures(["ppaunna"], ["paaunpn"])

    assert found.statuses[Status.PRESENT].f1 == pytest.approx(0.5)
    assert found.statuses[Status.ABSENT].f1 == pytest.approx(0.5)
    assert found.statuses[Status.UNCERTAIN].f1 == pytest.approx(1.0)
    assert found.macro_f1.value == pytest.approx(2 / 3, abs=1e-6)


def test_a_status_that_never_occurs_is_not_scored_as_nothing() -> None:
    assert _figures(["pa"], ["pa"]).macro_f1.value == 1.0


def test_each_kind_of_mistake_is_counted_apart() -> None:
    found = _figures(["papnu", "pp"], ["apuan", "Pp"])

    assert (found.polarity_flips, found.invented, found.missed, found.unsupported, found.failed) == (2, 1, 1, 1, 0)


def test_a_report_without_an_answer_is_wrong_in_every_label() -> None:
    found = _figures(["pa", "pa"], ["-", "pa"])

    assert found.failed == 2
    assert found.accuracy.value == 0.5
    assert found.statuses[Status.PRESENT].recall == 0.5
    assert found.statuses[Status.PRESENT].precision == 1.0
    assert found.confusion[0] == (1, 0, 0, 0, 1)


@settings(max_examples=60)
@given(LETTERS)
def test_scores_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    golds, said = (["".join(each)] for each in zip(*pairs, strict=True))
    if "-" in said[0]:
        said = [said[0].replace("-", "n")]
    found = scores(labels_of([item(0, golds[0])], {"e": [answer(said[0])]}).counts("e").sum(0))
    occurring = [letter for letter in "pau" if letter in golds[0] or letter in said[0]]
    gold, answers = list(golds[0]), list(said[0])

    assert found.accuracy == pytest.approx(accuracy_score(gold, answers), abs=1e-6)
    if occurring:
        macro = f1_score(gold, answers, labels=occurring, average="macro", zero_division=0)
        micro = f1_score(gold, answers, labels=list("pau"), average="micro", zero_division=0)
        assert found.macro_f1 == pytest.approx(macro, abs=1e-6)
        assert found.micro_f1 == pytest.approx(micro, abs=1e-6)


def _random_labels(reports: int = 60) -> Labels:
    chance = np.random.default_rng(7)
    golds = ["".join(chance.choice(list("paun"), 6)) for _ in range(reports)]
    said = ["".join(g if chance.random() < 0.8 else chance.choice(list("paun")) for g in gold) for gold in golds]
    items = [item(number, gold) for number, gold in enumerate(golds)]
    return labels_of(items, {"e": [answer(each) for each in said]})


def test_the_interval_is_that_of_scipys_bootstrap_over_reports() -> None:
    counts = _random_labels().counts("e")
    ours = figures(counts, weights(len(counts), 5000, 1)).macro_f1

    def statistic(index: np.ndarray, axis: int = -1) -> np.ndarray:
        return scores(counts[index].sum(-2)).macro_f1

    theirs = bootstrap(
        (np.arange(len(counts)),), statistic, n_resamples=5000, method="percentile", vectorized=True, rng=2
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.005)
    assert ours.high == pytest.approx(theirs.high, abs=0.005)
    assert ours.low < ours.value < ours.high


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    counts = _random_labels().counts("e")
    first, again, other = (figures(counts, weights(len(counts), 500, seed)) for seed in (1, 1, 2))

    assert first == again
    assert first.macro_f1.low != other.macro_f1.low


def test_labels_of_one_report_are_drawn_together() -> None:
    """Ten labels that are right or wrong together tell as little as one: the interval knows."""
    apart = _figures(["p", "a"] * 20, ["p", "p"] * 20)
    together = _figures(["p" * 10, "a" * 10] * 2, ["p" * 10, "p" * 10] * 2)

    assert apart.labels == together.labels == 40
    assert together.accuracy.high - together.accuracy.low > apart.accuracy.high - apart.accuracy.low


def test_a_group_of_few_reports_is_not_scored_on_resamples_that_drew_none_of_them() -> None:
    items = [item(number, "p", tags=("rare",) if number == 0 else ()) for number in range(20)]
    engine = result([], {"e": ["p"] * 20}, items=items).engines[0]

    assert engine.tags[0].figures.macro_f1.low == 1.0
