"""The figures of an evaluation, on pairs small enough to count by hand."""

from __future__ import annotations

import pytest

from integration.canonical import Status
from services.evaluation.dataset import DatasetError, load
from services.evaluation.score import Pair, pairs, score
from services.reading.catalogue import load as load_library
from services.reading.rules.reader import RulesReader

P, A, U, N = Status.PRESENT, Status.ABSENT, Status.UNCERTAIN, Status.NOT_MENTIONED


def _pair(gold: Status, said: Status) -> Pair:
    return Pair(report="r", catalogue="c", candidate="f", gold=gold, said=said)


def test_macro_f1_is_over_present_absent_and_uncertain() -> None:
    found = score([_pair(P, P), _pair(P, A), _pair(A, A), _pair(U, U), _pair(N, N), _pair(N, P), _pair(A, N)])

    assert found.statuses[P].f1 == pytest.approx(0.5)
    assert found.statuses[A].f1 == pytest.approx(0.5)
    assert found.statuses[U].f1 == pytest.approx(1.0)
    assert found.macro_f1 == pytest.approx(2 / 3)


def test_flips_inventions_and_omissions_are_counted_apart() -> None:
    found = score([_pair(P, A), _pair(A, P), _pair(P, U), _pair(N, A), _pair(U, N)])

    assert (found.polarity_flips, found.invented, found.missed) == (2, 1, 1)


def test_a_data_set_that_is_not_there_is_said_so() -> None:
    with pytest.raises(DatasetError, match="No such file"):
        load("/nowhere.jsonl")


@pytest.mark.parametrize(("name", "labels_a_flip"), [("dev", 120), ("frozen", 100)])
def test_the_rules_hold_their_f1_and_rarely_turn_a_finding_round(name: str, labels_a_flip: int) -> None:
    found = score(pairs(load(name), RulesReader(), load_library()))

    assert found.macro_f1 >= 0.85
    assert found.polarity_flips * labels_a_flip <= found.labels
    assert found.inexact_quotes == 0
