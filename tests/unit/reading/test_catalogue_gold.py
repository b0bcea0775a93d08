"""The labelled reports: every line legal, every quote in its report, every candidate known."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from integration.canonical import Status
from services.reading.catalogue import candidate_from_name, load

LIBRARY = load()
MOST_WORDS = 25


def lines(part: str) -> list[dict[str, Any]]:
    """The reports of one file."""
    text = files("services.evaluation.data").joinpath(f"{part}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


DEV, DEV2, DEV3, FROZEN, FROZEN2 = map(lines, ("dev", "dev2", "dev3", "frozen", "frozen2"))
ALL = [pytest.param(each, id=each["id"]) for each in DEV + DEV2 + DEV3 + FROZEN + FROZEN2]


@pytest.mark.parametrize("report", ALL)
def test_every_label_is_legal_and_quoted_word_for_word(report: dict[str, Any]) -> None:
    assert set(report["gold"]) == set(report["candidates"])
    for label in report["gold"].values():
        status, quotes = Status(label["status"]), label["quotes"]
        assert bool(quotes) == (status is not Status.NOT_MENTIONED)
        assert all(quote in report["text"] and len(quote.split()) <= MOST_WORDS for quote in quotes)


@pytest.mark.parametrize("report", ALL)
def test_every_candidate_is_in_the_catalogue_or_named(report: dict[str, Any]) -> None:
    known = {each.finding.id for each in LIBRARY.catalogues[report["catalogue"]].candidates}
    names = report.get("names", {})
    assert len(report["candidates"]) == len(set(report["candidates"]))
    assert set(report["candidates"]) - known <= set(names) <= set(report["candidates"])
    assert all(candidate_from_name(name).finding.id == each for each, name in names.items())


@pytest.mark.parametrize("report", ALL)
def test_every_report_says_it_is_synthetic_and_what_is_hard_about_it(report: dict[str, Any]) -> None:
    assert report["origin"] == "synthetic"
    assert report["tags"]
    assert report["modality"]


@pytest.mark.parametrize("report", ALL)
def test_a_finding_asserted_asserts_its_parent(report: dict[str, Any]) -> None:
    gold = {each: label["status"] for each, label in report["gold"].items()}
    for candidate in LIBRARY.catalogues[report["catalogue"]].candidates:
        if gold.get(candidate.finding.id) == "present" and candidate.parent in gold:
            assert gold[candidate.parent] == "present"


def test_there_are_a_hundred_and_fifty_reports_a_third_of_them_frozen() -> None:
    assert len(DEV) + len(FROZEN) >= 150
    assert len(FROZEN) >= len(DEV) / 2
    everything = DEV + DEV2 + DEV3 + FROZEN + FROZEN2
    assert len({each["id"] for each in everything}) == len(everything)


def test_both_parts_cover_every_catalogue() -> None:
    asked = LIBRARY.catalogues.keys() - {"further"}  # chosen for no exam
    for part in (DEV, FROZEN):
        assert Counter(each["catalogue"] for each in part).keys() == asked
