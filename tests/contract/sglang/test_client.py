"""What the client makes of SGLang's answers; each test runs on recorded responses and on a real server."""

from __future__ import annotations

import contextlib
import json

import jsonschema
import pytest

from integration.sglang.failures import Refused, Truncated, Unavailable
from integration.sglang.profiles import profile_named
from services.engines import EngineSpec
from services.reading.answer import parse_answer
from services.workflow.engine_check import look
from tests.contract.sglang.cases import (
    ANSWER,
    BAD_SCHEMA,
    BUDGET,
    BUDGET_KEPT,
    CACHE_OTHER_SITE,
    CACHE_SAME_SITE,
    CANDIDATES,
    CUT_IN_ANSWER,
    CUT_IN_THINKING,
    QUEUE_FULL,
    SCHEMA,
    TEXT,
    TOO_LONG,
)
from tests.contract.sglang.conftest import Server
from tests.contract.sglang.live import VERSION


def test_the_answer_fits_the_schema_and_has_every_candidate_in_order(server: Server) -> None:
    content = server.ask(ANSWER).content
    jsonschema.validate(json.loads(content, strict=False), SCHEMA)
    drafts = parse_answer(content, CANDIDATES).verdicts
    assert [draft.finding_id for draft in drafts] == ["pneumothorax", "pleural_effusion"]


def test_thinking_comes_apart_from_the_answer(server: Server) -> None:
    answer = server.ask(ANSWER)
    assert answer.reasoning
    assert answer.content.startswith("{")
    assert answer.reasoning not in answer.content


def test_the_server_counts_what_was_read_thought_and_answered(server: Server) -> None:
    answer = server.ask(ANSWER)
    assert answer.input_tokens > 1000
    assert 0 < answer.reasoning_tokens < 1000
    assert answer.answer_tokens > 50


def test_the_response_bears_the_name_the_call_was_given(server: Server) -> None:
    assert server.ask(ANSWER).id == "case-answer"


def test_thinking_that_never_ends_is_a_failure_and_not_an_empty_answer(server: Server) -> None:
    with pytest.raises(Truncated) as caught:
        server.ask(CUT_IN_THINKING)
    assert caught.value.reasoning_tokens == CUT_IN_THINKING.max_tokens
    assert caught.value.answer_tokens == 0


def test_an_answer_cut_in_the_middle_is_a_failure_that_counts_its_tokens(server: Server) -> None:
    with pytest.raises(Truncated) as caught:
        server.ask(CUT_IN_ANSWER)
    assert caught.value.reasoning_tokens + caught.value.answer_tokens == CUT_IN_ANSWER.max_tokens
    assert caught.value.answer_tokens > 0


def test_a_thinking_budget_is_kept_by_a_server_with_strict_thinking(server: Server) -> None:
    """The tag that ends the thinking is counted with it."""
    assert server.ask(BUDGET_KEPT).reasoning_tokens <= BUDGET + 1


def test_a_schema_the_server_cannot_compile_is_refused(server: Server) -> None:
    with pytest.raises(Refused, match="could not compile the schema"):
        server.ask(BAD_SCHEMA)


def test_a_report_longer_than_the_context_is_refused_without_repeating_it(server: Server) -> None:
    with pytest.raises(Refused, match="longer than its context") as caught:
        server.ask(TOO_LONG)
    assert "pneumothorax" not in str(caught.value)


def test_the_shared_part_comes_from_the_cache_for_the_same_site_and_not_for_another(server: Server) -> None:
    assert server.ask(CACHE_SAME_SITE).cached_tokens > 1000
    assert server.ask(CACHE_OTHER_SITE).cached_tokens < 100


def test_a_full_server_is_an_outage_after_the_last_attempt(server: Server) -> None:
    with server.crowded(), pytest.raises(Unavailable, match="503"):
        for _ in range(50):
            with contextlib.suppress(Truncated):
                server.ask(QUEUE_FULL, attempts=2)


def test_the_server_says_whether_it_is_ready(server: Server) -> None:
    assert server.client(ANSWER).ready()


def test_the_server_says_what_it_is_and_how_it_was_started(server: Server) -> None:
    engine = {"name": "tiny-cpu", "url": server.url, "local": True, **profile_named("tiny-cpu").engine}
    checks = look(EngineSpec.model_validate(engine), server.client(ANSWER))
    assert [(one.what, one.well) for one in checks] == [("server", True), ("model", True), ("profile", True)]
    assert checks[0].says.startswith(f"SGLang {VERSION}, DeepseekV3ForCausalLM, ")


def test_no_failure_holds_a_word_of_the_report(server: Server) -> None:
    for case in (CUT_IN_THINKING, CUT_IN_ANSWER, BAD_SCHEMA, TOO_LONG):
        with pytest.raises(Exception) as caught:
            server.ask(case)
        assert not [word for word in TEXT.split() if len(word) > 5 and word in str(caught.value)]
