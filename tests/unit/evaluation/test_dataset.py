"""Labelled reports: what is wrong in a file is told by line and field, and nothing of a report is told with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.dataset import DatasetError, built_in, digest, is_frozen, load, parse

GOOD: dict[str, Any] = {
    "id": "1",
    "text": "No SECRET effusion.",
    "candidates": ["effusion"],
    "gold": {"effusion": {"status": "absent", "quotes": ["No SECRET effusion"]}},
}


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != field}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "set, line 2: not JSON"),
        ("[" * 100_000, "set, line 2: not JSON"),
        ("[]", "set, line 2: Input should be"),
        (json.dumps(_without("text")), "set, line 2: text: Field required"),
        (json.dumps(GOOD | {"candidates": []}), "set, line 2: candidates: "),
        (json.dumps(GOOD | {"candidates": ["effusion", "effusion"]}), "candidates: one stands there twice"),
        (json.dumps(GOOD | {"candidates": ["effusion", "edema"]}), "gold.edema: missing"),
        (json.dumps(GOOD | {"gold": GOOD["gold"] | {"edema": {"status": "absent"}}}), "gold.edema: not among"),
        (json.dumps(GOOD | {"gold": {"effusion": {"status": "maybe"}}}), "gold.effusion.status: Input should be"),
        (
            json.dumps(GOOD | {"gold": {"effusion": {"status": "absent", "quotes": ["SECRET words"]}}}),
            "gold.effusion.quotes.0: does not stand in the text",
        ),
        (
            json.dumps(GOOD | {"gold": {"effusion": {"status": "not_mentioned", "quotes": ["No SECRET"]}}}),
            "gold.effusion.quotes: what is not mentioned has none",
        ),
        (json.dumps(GOOD | {"origin": "house"}), "origin: Input should be"),
        (json.dumps(GOOD), "set, line 2: id: also in line 1"),
    ],
)
def test_a_mistake_is_told_by_line_and_field_and_never_by_what_stands_there(line: str, told: str) -> None:
    with pytest.raises(DatasetError) as error:
        parse("set", f"{json.dumps(GOOD)}\n{line}\n")

    assert told in str(error.value)
    assert "SECRET" not in str(error.value)


def test_every_bad_line_is_told_at_once_up_to_a_screenful() -> None:
    with pytest.raises(DatasetError) as error:
        parse("set", "\n".join(["{"] * 50))

    told = str(error.value).split("\n")
    assert told[0].startswith("set, line 1:") and told[-1] == "… and 30 more"


def test_a_set_that_is_not_there_names_those_that_come_along() -> None:
    with pytest.raises(DatasetError, match=r"No such file.*dev, .*frozen"):
        load("/nowhere.jsonl")


def test_a_set_without_a_report_is_an_error() -> None:
    with pytest.raises(DatasetError, match="holds no report"):
        parse("set", "\n \n")


@pytest.mark.parametrize("name", built_in())
def test_the_sets_that_come_along_are_synthetic_and_whole(name: str) -> None:
    items = load(name)

    assert items and {item.origin.value for item in items} == {"synthetic"}
    assert all(label.quotes for item in items for label in item.gold.values() if label.status != "not_mentioned")


def test_only_a_frozen_set_of_the_package_is_frozen() -> None:
    assert is_frozen("frozen") and not is_frozen("dev") and not is_frozen("frozen-of-my-own.jsonl")


def test_the_digest_names_the_content() -> None:
    first, second = (parse("set", json.dumps(GOOD | {"tags": tags})) for tags in ([], ["long"]))

    assert digest(first) == digest(list(first)) != digest(second)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    _read_or_refused(parse, text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner)))
def test_any_json_in_the_place_of_the_labels_is_read_or_refused(value: object) -> None:
    _read_or_refused(parse, json.dumps(GOOD | {"gold": {"effusion": value}, "names": value, "tags": value}))


def _read_or_refused(read: Callable[[str, str], object], text: str) -> None:
    try:
        read("set", text)
    except DatasetError as error:
        assert str(error).startswith("set")
