"""Beside a model that is right most reports bear no mark, and a mark is a mistake of the rules; silence is marked."""

from __future__ import annotations

from functools import cache
from statistics import median

import pytest

from integration.canonical import Status
from services.evaluation.whole_dataset import load_whole
from services.reading.catalogue import load
from tests.benchmarks.marks import MODELS, Marks, count, right_and_tolerant, silent

REPORTS = load_whole("whole_dev")


@cache
def beside(name: str) -> list[Marks]:
    return list(count(REPORTS, MODELS[name], load()))


def test_the_median_report_beside_a_model_that_is_right_has_no_mark() -> None:
    found = beside("the same, as the rules where the labels take either")
    assert median(each.marked for each in found) <= 0.3
    assert sum(each.rules_wrong for each in found) >= 0.9 * sum(each.marked for each in found)


def test_what_the_labels_take_either_way_costs_no_more_than_a_mark_a_report() -> None:
    found = beside("says the labels and nothing else")
    assert median(each.marked for each in found) <= 0.3
    assert sum(each.marked for each in found) <= len(found)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_no_silence_of_the_model_goes_unmarked(share: float) -> None:
    some = REPORTS[::8]
    found = list(count(some, silent(share, seed=7), load()))
    talking = list(count(some, right_and_tolerant, load()))
    assert not sum(each.unmarked for each in found)
    assert sum(each.marked for each in found) > sum(each.marked for each in talking)


def test_no_silence_of_the_rules_goes_unmarked() -> None:
    everything = list(count(REPORTS[::8], lambda *_: Status.PRESENT, load()))
    assert not sum(each.unmarked for each in everything)
