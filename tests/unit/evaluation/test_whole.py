"""Whole-catalogue scoring, on answers counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.commands.evaluate import app
from services.evaluation import whole_scores
from services.evaluation.dataset import DatasetError
from services.evaluation.whole import as_json, scores
from services.evaluation.whole_dataset import WholeReport, built_in_whole, is_frozen_whole, load_whole, parse_whole
from services.evaluation.whole_scores import Tally
from services.reading.catalogue import load

TEXT = "FINDINGS: Left effusion. Possible pneumonia."


def report(name: str = "r1", text: str = TEXT, **gold: Any) -> WholeReport:
    return WholeReport.model_validate({"id": name, "text": text, "gold": {"suggestions": [], **gold}})


def wanted(finding: str, status: str = "present", side: str | None = None, critical: bool = False) -> dict[str, Any]:
    return {"finding": finding, "status": status, "side": side, "critical": critical}


def said(finding: str, status: str = "present", side: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "finding": finding,
        "status": status,
        "side": side,
        "critical": False,
        "shown": True,
        "evidence": [],
        **more,
    }


def answer(*suggestions: dict[str, Any], advisories: tuple[tuple[str, dict[str, str]], ...] = ()) -> dict[str, Any]:
    remarks = [{"kind": kind, "detail": detail, "evidence": ["q"]} for kind, detail in advisories]
    return {"suggestions": list(suggestions), "advisories": remarks}


def tally(labels: WholeReport, given: dict[str, Any]) -> Tally:
    return whole_scores.tally(labels, given, {*"abcdex"})


def test_a_finding_the_catalogue_does_not_ask_is_not_missed() -> None:
    labels = report(
        suggestions=[wanted("a"), wanted("unasked", critical=True)],
        advisories=[{"kind": "critical", "finding": "unasked", "communicated": "no"}],
    )
    counts = tally(labels, answer(said("a"))).counts
    assert (counts["wanted"], counts["missed"], counts["critical_missed"]) == (1, 0, 0)


def test_an_event_has_one_alarm_under_any_of_its_findings() -> None:
    labels = report(
        suggestions=[wanted("a", critical=True), wanted("b", critical=True)],
        advisories=[{"kind": "critical", "finding": "a", "communicated": "yes"}],
    )
    alarm = [("critical_result", {"finding": finding, "communicated": "yes"}) for finding in "ab"]
    once, twice = (
        tally(labels, answer(advisories=(alarm[1],))).counts,
        tally(labels, answer(advisories=(*alarm,))).counts,
    )
    assert (once["critical_right"], once["critical_missed"]) == (1, 0)
    assert (twice["critical_right"], twice["critical_wrong"]) == (1, 1)


def test_a_finding_that_an_alarm_names_beside_its_first_is_found() -> None:
    labels = report(
        suggestions=[wanted(finding, critical=True) for finding in "abc"],
        advisories=[{"kind": "critical", "finding": finding, "communicated": "yes"} for finding in "abc"],
    )
    alarm = ("critical_result", {"finding": "a", "communicated": "yes", "also": "b"})
    counts = tally(labels, answer(advisories=(alarm,))).counts
    assert (counts["critical_right"], counts["critical_found"], counts["critical_missed"]) == (1, 2, 1)


def test_a_suggestion_is_right_with_finding_and_status() -> None:
    labels = report(suggestions=[wanted("a"), wanted("b", "uncertain"), wanted("c", critical=True)], tolerated=["d"])
    counts = tally(labels, answer(said("a"), said("b"), said("d"), said("e", critical=True))).counts

    assert (counts["right"], counts["wrong"], counts["tolerated"], counts["wrong_critical"]) == (1, 2, 1, 1)
    assert (counts["wanted"], counts["missed"], counts["wanted_critical"], counts["found_critical"]) == (3, 2, 1, 0)
    assert counts["clean"] == 0


def test_a_folded_suggestion_was_not_made() -> None:
    counts = tally(report(suggestions=[wanted("a")]), answer(said("a", shown=False), said("x", shown=False))).counts
    assert (counts["right"], counts["wrong"], counts["missed"], counts["clean"]) == (0, 0, 1, 1)


def test_left_and_right_said_apart_are_bilateral() -> None:
    labels = report(suggestions=[wanted("a", side="bilateral"), wanted("b", side="left"), wanted("c")])
    counted = tally(labels, answer(said("a", side="left"), said("a", side="right"), said("b", side="right"), said("c")))

    assert (counted.counts["right"], counted.counts["sided"], counted.counts["wrong_side"]) == (3, 2, 1)
    assert (counted.counts["wrong"], counted.counts["clean"]) == (0, 0)


@pytest.mark.parametrize(
    ("gold", "kind", "detail"),
    [
        (
            {"kind": "critical", "finding": "a", "communicated": "no"},
            "critical_result",
            {"finding": "a", "communicated": "no"},
        ),
        (
            {"kind": "follow_up", "modality": "CT chest", "interval": "three to six months"},
            "follow_up",
            {"modality": "CT", "interval": "3-6 mo"},
        ),
        ({"kind": "follow_up", "modality": "MRI"}, "follow_up", {"modality": "MR", "interval": ""}),
        ({"kind": "discrepancy", "type": "procedure"}, "discrepancy", {"type": "order"}),
        ({"kind": "score", "value": "BI-RADS category 4A"}, "score", {"scale": "BI-RADS", "value": "4a"}),
    ],
)
def test_an_advisory_is_right_in_kind_and_detail(gold: dict[str, str], kind: str, detail: dict[str, str]) -> None:
    name = gold["kind"]
    labels = report(advisories=[gold])
    right = tally(labels, answer(advisories=((kind, detail),))).counts
    twice = tally(labels, answer(advisories=((kind, detail), (kind, detail)))).counts
    none = tally(labels, answer()).counts

    assert [right[f"{name}_{each}"] for each in ("said", "right", "wanted", "missed")] == [1, 1, 1, 0]
    assert (twice[f"{name}_said"], twice[f"{name}_right"]) == (2, 1)
    assert (none[f"{name}_right"], none[f"{name}_missed"]) == (0, 1)


@pytest.mark.parametrize(
    ("labels", "asked", "counted"),
    [
        ([("CT", "")], {"modality": "CT", "interval": "urgent"}, (1, 1, 0)),
        ([("CT", "as an outpatient")], {"modality": "CT", "interval": ""}, (1, 1, 0)),
        ([("CT", "urgent")], {"modality": "CT", "interval": "non-urgent"}, (0, 0, 1)),
        ([("CT", "")], {"modality": "CT", "interval": "in 3 months"}, (0, 0, 1)),
        ([("MR", "after 3 months of treatment")], {"modality": "MR", "interval": "3 months"}, (1, 1, 0)),
        ([("MR", "3 months")], {"modality": "CT", "interval": "3 months", "or": "MR"}, (1, 1, 0)),
        ([("CT", ""), ("MR", "")], {"modality": "CT", "interval": "", "or": "MR"}, (1, 2, 0)),
        ([("US", "")], {"modality": "CT", "interval": "", "or": "MR"}, (0, 0, 1)),
    ],
)
def test_a_request_is_right_in_other_words_and_for_either_exam(
    labels: list[tuple[str, str]], asked: dict[str, str], counted: tuple[int, int, int]
) -> None:
    gold = [{"kind": "follow_up", "modality": modality, "interval": interval} for modality, interval in labels]
    counts = tally(report(advisories=gold), answer(advisories=(("follow_up", asked),))).counts
    assert (counts["follow_up_right"], counts["follow_up_found"], counts["follow_up_wrong"]) == counted


def test_figures_are_given_for_short_and_long_reports() -> None:
    reports = [report(suggestions=[wanted("a")]), report("r2", "word " * 200, suggestions=[wanted("a")])]
    counted = [tally(*each) for each in zip(reports, [answer(said("a")), answer(said("b"))], strict=True)]
    found = as_json(scores(reports, counted, resamples=100, seed=1))

    assert found["all"]["precision"] | {"low": 0, "high": 0} == {
        "part": 1,
        "over": 2,
        "value": 0.5,
        "low": 0,
        "high": 0,
    }
    assert (found["short"]["recall"]["value"], found["long"]["recall"]["value"]) == (1.0, 0.0)
    assert found["all"]["wrong critical per 100 reports"]["value"] == 0
    assert "value" not in found["all"]["critical recall"]


def test_a_mistake_in_a_file_is_told_with_its_line_and_not_its_text() -> None:
    line = {"id": 1, "text": "secret", "gold": {"suggestions": [{**wanted("a"), "quote": "other"}]}}
    lines = [
        json.dumps(line),
        "{",
        json.dumps({"id": 2, "text": "x", "gold": {"suggestions": [wanted("a", "absent")]}}),
    ]
    with pytest.raises(DatasetError) as error:
        parse_whole("f", lines)
    assert [each.split(":")[0] for each in str(error.value).split("\n")] == ["f, line 1", "f, line 2", "f, line 3"]
    assert "secret" not in str(error.value)


def test_the_command_scores_and_lists_mistakes_but_never_those_of_a_frozen_set(tmp_path: Path) -> None:
    line = {"id": 1, "text": TEXT, "procedure": "XR CHEST", "modality": "CR", "origin": "synthetic"}
    gold = {"suggestions": [wanted("pleural_effusion", side="left"), wanted("lung_nodule")]}
    own, frozen = tmp_path / "own.jsonl", tmp_path / "frozen_own.jsonl"
    for path in (own, frozen):
        path.write_text(json.dumps({**line, "gold": gold}) + "\n")

    told = CliRunner().invoke(app, ["whole", str(own), "--errors", "--out", str(tmp_path / "out.json")])
    refused = CliRunner().invoke(app, ["whole", str(frozen), "--errors"])

    assert told.exit_code == 0 and "1: missed lung_nodule: said nothing, wanted present" in told.output
    assert json.loads((tmp_path / "out.json").read_text())["all"]["recall"]["over"] == 2
    assert refused.exit_code == 2 and "never listed" in refused.output
    assert is_frozen_whole("whole_frozen") and load_whole(str(frozen))[0].exam.modality == "CR"


@pytest.mark.parametrize("name", built_in_whole())
def test_a_set_of_the_package_labels_findings_that_exist(name: str) -> None:
    known = {candidate.finding.id for candidate in load().candidates()}
    labels = [each.finding for labelled in load_whole(name) for each in labelled.gold.suggestions]
    assert labels and known.issuperset(labels)
