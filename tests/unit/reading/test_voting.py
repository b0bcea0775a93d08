"""When a model is asked again, and what several answers come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Finding, Quote, Side, Status, Verdict
from services.reading.voting import disagrees, needs_votes, tally

PLAIN = Finding(id="cardiomegaly", name="Cardiomegaly")
CRITICAL = Finding(id="pneumothorax", name="Pneumothorax", critical=True)


def verdict(status: Status, finding: Finding = PLAIN, **more: object) -> Verdict:
    return Verdict.model_validate({"finding": finding, "status": status, **more})


def test_a_plain_verdict_the_rules_share_needs_no_votes() -> None:
    assert not needs_votes(verdict(Status.PRESENT), verdict(Status.PRESENT))
    assert not needs_votes(verdict(Status.PRESENT), None)


@pytest.mark.parametrize(
    "one",
    [
        verdict(Status.UNCERTAIN),
        verdict(Status.ABSENT, CRITICAL),
        verdict(Status.PRESENT, unsupported=True),
    ],
)
def test_uncertain_critical_and_unsupported_verdicts_need_votes(one: Verdict) -> None:
    assert needs_votes(one, one)


def test_a_critical_finding_of_which_neither_speaks_needs_none() -> None:
    silent = verdict(Status.NOT_MENTIONED, CRITICAL)
    assert not needs_votes(silent, silent)
    assert not needs_votes(silent, None)
    assert needs_votes(silent, verdict(Status.ABSENT, CRITICAL))


@pytest.mark.parametrize("other", [Status.ABSENT, Status.NOT_MENTIONED])
def test_present_against_absent_or_against_silence_is_a_disagreement(other: Status) -> None:
    for one, two in ((Status.PRESENT, other), (other, Status.PRESENT)):
        assert disagrees(verdict(one), verdict(two))
        assert needs_votes(verdict(one), verdict(two))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Status.PRESENT, Status.UNCERTAIN),
        (Status.ABSENT, Status.NOT_MENTIONED),
        (Status.ABSENT, Status.UNCERTAIN),
        (Status.PRESENT, Status.PRESENT),
    ],
)
def test_a_denial_one_of_them_leaves_out_or_a_hedge_is_none(one: Status, other: Status) -> None:
    assert not disagrees(verdict(one), verdict(other))


def test_the_status_with_most_votes_wins_and_its_share_is_the_confidence() -> None:
    won = tally([verdict(Status.ABSENT), verdict(Status.PRESENT), verdict(Status.PRESENT)])
    assert won.status is Status.PRESENT
    assert won.confidence == pytest.approx(2 / 3)


def test_among_equals_the_first_cast_wins() -> None:
    assert tally([verdict(Status.UNCERTAIN), verdict(Status.PRESENT)]).status is Status.UNCERTAIN


def test_a_single_vote_has_no_confidence() -> None:
    assert tally([verdict(Status.PRESENT)]).confidence is None


def test_the_quotes_come_from_a_vote_that_found_them() -> None:
    quote = Quote(text="Effusion.", start=0, end=9)
    won = tally([verdict(Status.PRESENT, unsupported=True), verdict(Status.PRESENT, quotes=(quote,))])
    assert won.quotes == (quote,)
    assert not won.unsupported


def test_the_side_is_the_one_most_of_the_winners_name() -> None:
    votes = [verdict(Status.PRESENT, side=side) for side in (Side.LEFT, Side.RIGHT, Side.RIGHT)]
    assert tally(votes).side is Side.RIGHT


@given(st.lists(st.sampled_from(Status), min_size=1, max_size=9))
def test_no_status_has_more_votes_than_the_winner(cast: list[Status]) -> None:
    won = tally([verdict(status) for status in cast])
    assert all(cast.count(won.status) >= cast.count(other) for other in cast)
    assert won.confidence is None if len(cast) == 1 else won.confidence == cast.count(won.status) / len(cast)
