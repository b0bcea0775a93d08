"""Which reader a name means, and the guard around engines outside the house."""

from __future__ import annotations

import pytest
from pydantic import AnyHttpUrl

from services.engines import EngineError, EngineSpec
from services.reading.rules.reader import RulesReader
from services.workflow.engine_reader import EngineRefused, build_reader
from services.workflow.model_reader import ModelReader

RULES = RulesReader()
OUTSIDE = EngineSpec(name="gpt", url=AnyHttpUrl("https://api.example.com/v1"), model="gpt-4o", local=False)
INSIDE = EngineSpec(name="r1", url=AnyHttpUrl("http://sglang:30000/v1"), model="deepseek-r1", local=True)
ENGINES = {"gpt": OUTSIDE, "r1": INSIDE}


@pytest.mark.parametrize("name", ["rules", ""])
def test_rules_is_always_there(name: str) -> None:
    assert build_reader(name, {}, RULES) is RULES


def test_an_engine_in_the_house_reads_anything() -> None:
    reader = build_reader("r1", ENGINES, RULES, votes=3)
    assert isinstance(reader, ModelReader)
    assert (reader.engine.name, reader.engine.model, reader.votes) == ("r1", "deepseek-r1", 3)


def test_an_engine_outside_the_house_is_refused_and_told_why() -> None:
    with pytest.raises(EngineRefused) as caught:
        build_reader("gpt", ENGINES, RULES)
    message = str(caught.value)
    assert "api.example.com" in message
    assert "patients' reports may not leave the house" in message
    assert "origin: synthetic" in message


def test_an_engine_outside_the_house_may_be_evaluated_on_synthetic_text() -> None:
    assert build_reader("gpt", ENGINES, RULES, synthetic=True).engine.name == "gpt"


def test_a_name_nobody_defined_is_told_with_those_there_are() -> None:
    with pytest.raises(EngineError, match=r"no engine 'r2': there are rules, gpt, r1; others"):
        build_reader("r2", ENGINES, RULES)
