"""From one result to the next: what got worse is said, and a gate blocks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.evaluation.compare import Comparison, compare
from services.evaluation.gate import Gate, GateError, breaches, breaches_against, read_gate
from services.evaluation.result import Result, ResultError, read_result
from tests.unit.evaluation.made import item, result

GOLDS = ["paun", "ppaa", "nnaa"]


def _compared(before: list[str], after: list[str]) -> Comparison:
    (found,) = compare(result(GOLDS, {"e": before}), result(GOLDS, {"e": after}, prompt="new"))
    return found


def test_what_got_worse_is_named_by_finding_catalogue_and_tag() -> None:
    items = [item(0, "pa", tags=("long",)), item(1, "pa", catalogue="head_ct")]
    before = result([], {"e": ["pa", "pa"]}, items=items)
    after = result([], {"e": ["aa", "pn"]}, items=items)
    (found,) = compare(before, after)

    assert [(each.kind, each.name, each.broken, each.new_flips) for each in found.worse] == [
        ("finding", "f0", 1, 1),
        ("finding", "f1", 1, 0),
        ("catalogue", "chest_xray", 1, 1),
        ("catalogue", "head_ct", 1, 0),
        ("tag", "long", 1, 1),
    ]
    assert found.better == ()


def test_what_got_better_is_no_loss() -> None:
    found = _compared(["aaun", *GOLDS[1:]], GOLDS)

    assert found.worse == ()
    assert [each.name for each in found.better if each.kind == "finding"] == ["f0"]
    assert found.versions == {"prompt": ("", "new")}


def test_a_finding_that_gains_as_many_as_it_loses_is_still_worse_somewhere() -> None:
    found = _compared(["naun", "ppaa", "nnaa"], ["paun", "apaa", "nnaa"])

    assert [(each.name, each.fixed, each.broken, each.new_flips) for each in found.worse if each.kind == "finding"] == [
        ("f0", 1, 1, 1)
    ]


def test_reports_and_labels_that_changed_are_left_out_and_counted() -> None:
    before = result([], {"e": ["pa", "pa", "pa"]}, items=[item(0, "pa"), item(1, "pa"), item(2, "pa")])
    after = result([], {"e": ["pa", "pu", "aa"]}, items=[item(0, "pa"), item(1, "pu"), item(9, "aa")])
    (found,) = compare(before, after)

    assert (found.reports, found.figures_after.labels, found.left_out) == (2, 3, 5)


def test_results_that_share_nothing_cannot_be_compared() -> None:
    other = result([], {"e": ["pa"]}, items=[item(7, "pa")])

    with pytest.raises(ResultError, match="share no label"):
        compare(result(GOLDS, {"e": GOLDS}), other)
    with pytest.raises(ResultError, match="no engine stands in both"):
        compare(result(GOLDS, {"a": GOLDS, "b": GOLDS}), result(GOLDS, {"c": GOLDS, "d": GOLDS}))


def test_two_engines_of_different_names_are_compared_when_each_stands_alone() -> None:
    (found,) = compare(result(GOLDS, {"old": GOLDS}), result(GOLDS, {"new": GOLDS}))

    assert (found.before, found.after, found.difference.macro_f1.change.value) == ("old", "new", 0.0)


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = result(GOLDS, {"e": ["Paun", "-", "nnaa"]})
    (tmp_path / "results.json").write_text(made.model_dump_json())

    assert read_result(tmp_path / "results.json") == made
    (tmp_path / "bad.json").write_text('{"format": 2}')
    with pytest.raises(ResultError, match=r"bad.json: no results.json of this version: format"):
        read_result(tmp_path / "bad.json")
    with pytest.raises(ResultError, match="No such file"):
        read_result(tmp_path / "none.json")


def _without_answers() -> Result:
    return result(GOLDS, {"e": ["-", "ppaa", "nnaa"]})


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ({"at_least": {"macro_f1": 1.0}}, "macro_f1 is 0.563"),
        ({"at_most": {"failed": 300}}, "failed: 4 of 12 labels, 333.3 in 1,000; at most 300"),
        ({"at_most": {"failed": 400, "polarity_flips": 0}}, ""),
        ({"engine": "another", "at_least": {"macro_f1": 1.0}}, ""),
    ],
)
def test_a_gate_holds_an_engine_to_its_bounds(gate: dict[str, object], told: str) -> None:
    found = breaches(Gate.model_validate(gate), _without_answers().engines[0])

    assert told in "".join(found) and bool(found) == bool(told)


def test_a_gate_holds_a_release_against_the_one_before() -> None:
    flipped = _compared(GOLDS, ["aaun", "ppaa", "nnaa"])
    gate = Gate.model_validate({"may_lose": {"accuracy": 0.05}, "may_gain": {"polarity_flips": 0}})

    assert breaches_against(gate, flipped) == [
        "e: accuracy fell from 1.000 to 0.917; 0.05 is allowed",
        "e: polarity_flips rose from 0 to 1; 0 more are allowed",
    ]
    assert breaches_against(gate, _compared(GOLDS, GOLDS)) == []
    assert breaches_against(Gate.model_validate({"may_lose": {"accuracy": 0.1}}), flipped) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [("at_leest: {}", "at_leest"), ("at_least: {macro_f1: 2}", "at_least.macro_f1"), ("{", "not YAML")],
)
def test_a_gate_that_cannot_be_read_says_where(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "gate.yaml").write_text(text)

    with pytest.raises(GateError, match=told):
        read_gate(str(tmp_path / "gate.yaml"))
    with pytest.raises(GateError, match="`release` comes along"):
        read_gate(str(tmp_path / "none.yaml"))


def test_the_gate_that_comes_along_bounds_scores_and_mistakes() -> None:
    gate = read_gate("release")

    assert gate.at_least.macro_f1 and gate.may_gain.polarity_flips == 0
