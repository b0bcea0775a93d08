"""The rules engine and the catalogues are a release too: they hold the gate, against the scores kept here.

When a change is meant to cost something, or the set itself changed, keep new scores:

    countersign evaluate --data frozen --out results
    countersign evaluate baseline results/results.json > tests/unit/evaluation/baselines/frozen.json
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from services.evaluation.answer_cache import Kept
from services.evaluation.compare import compare
from services.evaluation.contestants import lineup
from services.evaluation.dataset import load
from services.evaluation.gate import breaches, breaches_against, read_gate
from services.evaluation.result import Result, read_result, result_of
from services.evaluation.run import run
from services.reading.catalogue import Library
from services.reading.catalogue import load as load_library
from services.reading.reader import Catalogue

KEPT = Path(__file__).parent / "baselines"


def _evaluated(name: str, library: Library) -> Result:
    items, engines = load(name), lineup(["rules"], {}, synthetic=True, library=library)
    return result_of(name, items, engines, [run(items, engines, library, Kept(None))], resamples=200)


@cache
def _released(name: str) -> Result:
    return _evaluated(name, load_library())


@pytest.mark.parametrize("name", ["dev", "frozen"])
def test_the_rules_engine_holds_the_gate(name: str) -> None:
    """No worse than what was kept, on the labels both have; a set that grew is scored whole by the bounds."""
    gate, now = read_gate("release"), _released(name)
    (against,) = compare(read_result(KEPT / f"{name}.json"), now)

    assert breaches(gate, now.engines[0]) == []
    assert breaches_against(gate, against) == [], against.worse


def test_a_catalogue_that_lost_its_words_is_blocked() -> None:
    whole = load_library()
    poorer = Library(whole.files, {name: _without_words(each) for name, each in whole.catalogues.items()})
    (against,) = compare(_released("frozen"), _evaluated("frozen", poorer))

    told = breaches_against(read_gate("release"), against)
    assert any("macro_f1 fell" in each for each in told)
    assert {each.kind for each in against.worse} == {"finding", "catalogue", "tag"}


def _without_words(catalogue: Catalogue) -> Catalogue:
    bare = {"synonyms": (), "normal_phrases": (), "structures": ()}
    return catalogue.model_copy(update={"candidates": tuple(c.model_copy(update=bare) for c in catalogue.candidates)})
