"""The whole reader against the server: nonsense inside valid JSON must come out as nothing to rely on."""

from __future__ import annotations

import pytest
from pydantic import AnyHttpUrl

from integration.canonical import Status
from services.engines import EngineSpec
from services.reading.reader import Failing, ReadingError
from services.reading.rules.reader import RulesReader
from services.workflow.model_reader import ModelReader
from tests.contract.sglang.cases import ANSWER, CUT_IN_THINKING, QUESTION
from tests.contract.sglang.conftest import Server
from tests.contract.sglang.replay import Failure


def reader(server: Server, **more: object) -> ModelReader:
    said = {"temperature": 0.6, "top_p": 0.95, "max_tokens": ANSWER.max_tokens, "max_tokens_retry": 3001}
    spec = EngineSpec.model_construct(
        **EngineSpec(name="tiny", url=AnyHttpUrl(server.url), model="tiny", local=True).model_dump() | said | more
    )
    return ModelReader(spec, server.client(ANSWER), RulesReader())


def test_nonsense_supports_no_finding(server: Server) -> None:
    reading = reader(server).read(QUESTION)
    assert [verdict.finding.id for verdict in reading.verdicts] == ["pneumothorax", "pleural_effusion"]
    for verdict in reading.verdicts:
        assert verdict.unsupported == (verdict.status is not Status.NOT_MENTIONED)
        assert verdict.quotes == ()
        assert verdict.confidence is None


def test_the_reading_says_who_read_and_what_it_cost(server: Server) -> None:
    reading = reader(server).read(QUESTION)
    assert (reading.engine.name, reading.engine.model) == ("tiny", "tiny")
    assert (reading.engine.catalogue, reading.engine.catalogue_version) == ("chest", "1")
    assert reading.engine.prompt_version
    assert reading.reasoning
    assert reading.usage.calls >= 1
    assert reading.usage.input_tokens > 1000
    assert reading.usage.reasoning_tokens > 0
    assert reading.usage.answer_tokens > 0


def test_thinking_cut_short_is_asked_for_once_more_with_the_larger_budget(server: Server) -> None:
    reading = reader(server, max_tokens=CUT_IN_THINKING.max_tokens).read(QUESTION)
    assert reading.usage.calls >= 2
    assert len(reading.verdicts) == 2


def test_thinking_cut_short_twice_is_a_failed_reading_and_no_outage(server: Server) -> None:
    cut = CUT_IN_THINKING.max_tokens
    with pytest.raises(ReadingError) as caught:
        reader(server, max_tokens=cut, max_tokens_retry=cut).read(QUESTION)
    assert caught.value.retryable
    assert not caught.value.outage
    assert caught.value.failing is Failing.CUT


def test_a_failed_reading_says_what_it_cost(server: Server) -> None:
    cut = CUT_IN_THINKING.max_tokens
    with pytest.raises(ReadingError) as caught:
        reader(server, max_tokens=cut, max_tokens_retry=cut).read(QUESTION)
    usage = caught.value.usage
    assert usage.calls == 2
    assert usage.input_tokens > 2000
    assert usage.reasoning_tokens == 2 * cut


@pytest.mark.parametrize(
    ("failure", "outage"),
    [(Failure.FULL, True), (Failure.CUT, True), (Failure.KEY, True), (Failure.NOT_JSON, False)],
)
def test_an_outage_counts_against_the_server_and_not_against_the_report(
    server: Server, failure: Failure, outage: bool
) -> None:
    if server.replay is None:
        pytest.skip("a real server does not fail on demand")
    server.replay.failures = [failure] * 9
    with pytest.raises(ReadingError) as caught:
        reader(server).read(QUESTION)
    assert caught.value.retryable
    assert caught.value.outage is outage
