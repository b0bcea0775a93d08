"""Filters in addresses, keys, differences, intervals, spreadsheets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.figures.proportions import wilson
from services.web.auth.login import safe_return
from services.web.auth.oidc import claim, practitioner
from services.web.views import csv_text, differences
from services.web.views.filters import Chosen
from services.web.views.keys import COMMANDS, keymap, problem
from services.web.views.quest import is_sampled


def test_a_filter_of_defaults_has_an_empty_address() -> None:
    assert Chosen().link("/worklist") == "/worklist"
    assert Chosen(q="doe", show="all").link("/worklist", q="") == "/worklist?show=all"


@given(st.text(max_size=60))
def test_after_a_login_nobody_is_sent_to_another_site(target: str) -> None:
    safe = safe_return(target)
    assert safe.startswith("/")
    assert not safe.startswith(("//", "/\\"))


def test_keys_can_be_changed_but_not_doubled() -> None:
    assert keymap({"keys": {"approve": "y"}})["approve"] == "y"
    assert keymap({"keys_off": True}) == {}
    assert problem({"approve": "r"}) == "r is used twice"
    assert problem({"approve": "1"}) != ""
    assert problem({command: key for command, (key, _) in COMMANDS.items()}) == ""


def test_only_changed_lines_are_shown_also_where_they_look_like_a_header() -> None:
    lines = differences.between("a\n--- b\nc", "a\n+++ d\nc", context=0)
    assert [(piece.kind, piece.text) for line in lines for piece in line.pieces] == [
        ("removed", "--- b"),
        ("added", "+++ d"),
    ]


def test_in_a_changed_line_the_words_that_changed_are_shown() -> None:
    [line] = differences.between("A small right effusion.", "A moderate right effusion.", context=0)
    assert [(piece.kind, piece.text) for piece in line.pieces] == [
        ("kept", "A "),
        ("removed", "small"),
        ("added", "moderate"),
        ("kept", " right effusion."),
    ]


@given(*[st.lists(st.text("ab .", max_size=8), max_size=6).map("\n".join)] * 2)
def test_both_versions_can_be_read_off_their_differences(before: str, after: str) -> None:
    passages = differences.between(before, after, context=100)
    for side, whole in (("removed", before), ("added", after)):
        texts = ["".join(p.text for p in each.pieces if p.kind in ("kept", side)) for each in passages]
        said = [text for text, each in zip(texts, passages, strict=True) if each.kind in ("kept", "changed", side)]
        # A blank line that comes or goes is not worth a mark.
        assert not passages or _lines("\n".join(said)) == _lines(whole)
    assert bool(passages) == (before.splitlines() != after.splitlines())


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_share_it_is_of(drawn: tuple[int, int]) -> None:
    successes, count = drawn
    low, high = wilson(successes, count)
    assert 0 <= low <= successes / count + 1e-12
    assert successes / count - 1e-12 <= high <= 1


def test_the_wilson_interval_of_eight_in_ten() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_cell_is_a_formula(value: str) -> None:
    assert csv_text.cell(value).startswith("'")


def test_roles_are_found_by_a_path_and_by_a_name_with_dots() -> None:
    assert claim({"realm_access": {"roles": ["signer"]}}, "realm_access.roles") == ["signer"]
    assert claim({"https://x.example/roles": ["signer"]}, "https://x.example/roles") == ["signer"]
    assert claim({"roles": 3}, "roles.deeper") is None


def test_only_a_practitioner_signs() -> None:
    assert practitioner("https://fhir.example/Practitioner/7", "https://fhir.example/") == "Practitioner/7"
    assert practitioner("https://other.example/Practitioner/7", "https://fhir.example") != "Practitioner/7"
    assert practitioner("https://fhir.example/Patient/7", "https://fhir.example") == ""
    assert practitioner(None, "") == ""


def test_the_sample_is_about_the_share_that_was_asked_for() -> None:
    assert 60 <= sum(is_sampled(number, 0.1) for number in range(1000)) <= 140
    assert not any(is_sampled(number, 0) for number in range(100))
    assert all(is_sampled(number, 1) for number in range(100))
