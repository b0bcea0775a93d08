"""What the client makes of llama.cpp's answers: a second server, by other people, for the same words.

Each test runs on recorded responses and, under `make test-llama`, on the real server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import jsonschema
import pytest

from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.client import ModelClient
from integration.sglang.failures import ModelServerError, Refused, Truncated
from services.reading.answer import parse_answer
from tests.contract.llama.cases import (
    ANSWER,
    BAD_SCHEMA,
    CASES,
    CATALOGUES,
    CUT_IN_ANSWER,
    FOLDER,
    IN_THE_PROMPT,
    REPORT,
    SHORT,
    TOO_LONG,
    endpoint,
)
from tests.contract.sglang.cases import CANDIDATES, Case
from tests.contract.sglang.recordings import load
from tests.contract.sglang.replay import replay_server

LIVE = os.environ.get("LLAMA_LIVE_URL", "")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The real server where there is one, else the recorded one."""
    if LIVE:
        yield LIVE
        return
    with replay_server(FOLDER) as replay:
        yield replay.url


def ask(url: str, case: Case) -> ChatAnswer:
    return ModelClient(endpoint(case, url), sleep=lambda seconds: None).ask(case.call())


def test_the_answer_fits_the_schema_and_has_every_candidate_in_order(url: str) -> None:
    content = ask(url, ANSWER).content
    jsonschema.validate(json.loads(content), SHORT)
    drafts = parse_answer(content, CANDIDATES).verdicts
    assert [draft.finding_id for draft in drafts] == ["pneumothorax", "pleural_effusion"]


def test_the_server_counts_what_was_read_and_answered_and_no_thinking(url: str) -> None:
    answer = ask(url, ANSWER)
    assert answer.input_tokens > 400
    assert answer.answer_tokens > 10
    assert (answer.reasoning, answer.reasoning_tokens) == ("", 0)


@pytest.mark.parametrize("case", CATALOGUES, ids=lambda case: case.name)
def test_it_compiles_the_whole_schema_of_every_catalogue(url: str, case: Case) -> None:
    with pytest.raises(Truncated) as caught:
        ask(url, case)
    assert caught.value.answer_tokens == case.max_tokens


def test_an_answer_cut_in_the_middle_is_a_failure_that_counts_its_tokens(url: str) -> None:
    with pytest.raises(Truncated) as caught:
        ask(url, CUT_IN_ANSWER)
    assert caught.value.answer_tokens == CUT_IN_ANSWER.max_tokens


def test_a_report_longer_than_the_context_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused, match="longer than its context") as caught:
        ask(url, TOO_LONG)
    assert "pneumothorax" not in str(caught.value)


def test_a_schema_it_cannot_compile_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="could not compile the schema"):
        ask(url, BAD_SCHEMA)


def test_with_the_schema_in_the_prompt_it_begins_some_object(url: str) -> None:
    with pytest.raises(Truncated) as caught:
        ask(url, IN_THE_PROMPT)
    assert caught.value.answer_tokens == IN_THE_PROMPT.max_tokens


def test_no_failure_holds_a_word_of_the_report(url: str) -> None:
    for case in (CUT_IN_ANSWER, TOO_LONG, BAD_SCHEMA):
        with pytest.raises(ModelServerError) as caught:
            ask(url, case)
        assert not [word for word in REPORT.split() if len(word) > 5 and word in str(caught.value)]


def test_every_case_is_recorded() -> None:
    assert {case.name for case in CASES} < {one.name for one in load(FOLDER)}
