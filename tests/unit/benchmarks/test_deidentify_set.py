"""The labelled set holds what it says, the scorer finds what is left, and ours leaves nothing of it."""

from __future__ import annotations

import pytest

from tests.benchmarks.deidentify import is_left, made, ours, scored

REPORTS = list(made())


def test_every_identifier_stands_in_its_report_and_in_none_before() -> None:
    for report in REPORTS:
        assert all(words in report.text for _, words, _ in report.identifiers)
        assert not any(is_left(words, report.plain, kind) for kind, words, _ in report.identifiers if kind != "age")


def test_half_of_the_kinds_are_of_people_no_record_knows() -> None:
    known = sum(has for report in REPORTS for _, _, has in report.identifiers)
    assert 0.3 < known / sum(len(report.identifiers) for report in REPORTS) < 0.7


@pytest.mark.parametrize(
    ("words", "output", "kind", "left"),
    [
        ("Ana Novak", "seen by novak", "other", True),
        ("Ana Novak", "seen by Novakova", "other", False),
        ("Lakeview Medical Center", "at Lakeview Medical Center", "hospital", True),
        ("Lakeview Medical Center", "at the Medical Center", "hospital", False),
        ("94", "a 94-year-old", "age", True),
    ],
)
def test_the_scorer_sees_what_is_left(words: str, output: str, kind: str, left: bool) -> None:
    assert is_left(words, output, kind) is left


def test_nothing_done_is_all_left_and_nothing_lost() -> None:
    found = scored(REPORTS, [each.text for each in REPORTS])
    assert found.left == found.labelled
    assert (found.refused, found.lost) == (0, 0)


def test_ours_leaves_none_of_them_and_refuses_no_more_than_half() -> None:
    found = scored(REPORTS, [ours(each) for each in REPORTS])
    assert sum(found.left.values()) == 0, found.left
    assert found.refused <= len(REPORTS) / 2
    assert found.lost / found.words < 0.01
