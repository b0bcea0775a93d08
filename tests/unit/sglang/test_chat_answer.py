"""Bodies of chat completions: what is an answer, what is a failure, and where thinking hides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.sglang.chat_answer import chat_answer
from integration.sglang.failures import ModelServerError, Refused, ServerFailed, Truncated, Unavailable


def body(content: str | None = "{}", finish: str = "stop", usage: Any = None, **message: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return json.dumps({"id": "1", "choices": [choice], "usage": usage}).encode()


def test_thinking_kept_apart_is_taken_as_it_is_even_if_the_answer_holds_a_think_tag() -> None:
    answer = chat_answer(body('{"quote": "a</think>b"}', reasoning_content="hm"))
    assert (answer.reasoning, answer.content) == ("hm", '{"quote": "a</think>b"}')


@pytest.mark.parametrize("content", ["<think>hm</think>\n{}", "hm</think>{}", "<think>\nhm\n</think>\n\n{}"])
def test_thinking_left_in_the_content_is_taken_out(content: str) -> None:
    answer = chat_answer(body(content))
    assert (answer.reasoning, answer.content) == ("hm", "{}")


@pytest.mark.parametrize("server", ["reasoning_content", "reasoning"])
def test_thinking_is_found_where_sglang_and_where_vllm_put_it(server: str) -> None:
    answer = chat_answer(body("{}", **{server: "hm"}))
    assert (answer.reasoning, answer.content) == ("hm", "{}")


@pytest.mark.parametrize(
    "said",
    [
        body("x" * 30, usage={"completion_tokens": 40}, reasoning="y" * 90),
        body("x" * 30, usage={"completion_tokens": 40, "reasoning_tokens": 0}, reasoning_content="y" * 90),
        body(f"<think>{'y' * 90}</think>{'x' * 30}", usage={"completion_tokens": 40}),
    ],
)
def test_thinking_the_server_does_not_count_is_estimated_by_its_share_of_the_text(said: bytes) -> None:
    answer = chat_answer(said)
    assert (answer.reasoning_tokens, answer.answer_tokens, answer.estimated) == (30, 10, True)


def test_what_is_counted_or_not_there_is_no_estimate() -> None:
    counted = chat_answer(body(usage={"completion_tokens": 7, "reasoning_tokens": 5}, reasoning_content="hm"))
    silent = chat_answer(body(usage={"completion_tokens": 7}))
    hidden = chat_answer(body(usage={"completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 5}}))
    assert [one.estimated for one in (counted, silent, hidden)] == [False, False, False]


def test_an_estimate_is_called_so_where_the_answer_was_cut() -> None:
    with pytest.raises(Truncated, match=r"about 40 thinking tokens"):
        chat_answer(body("", finish="length", usage={"completion_tokens": 40}, reasoning="hm"))


@pytest.mark.parametrize("counts", [{"prompt_tokens": 10**40}, {"completion_tokens": -5}])
def test_a_count_no_server_can_mean_is_brought_into_bounds(counts: dict[str, int]) -> None:
    answer = chat_answer(body(usage=counts))
    assert 0 <= min(answer.input_tokens, answer.answer_tokens) <= answer.input_tokens <= 10_000_000


def test_an_answer_without_thinking_stays_whole() -> None:
    assert chat_answer(body('{"quote": "</think>"}')).content == '{"quote": "</think>"}'


@pytest.mark.parametrize(
    "unfinished",
    [
        body("", finish="length", reasoning_content="hm"),
        body("", reasoning_content="hm"),
        body(None, reasoning_content="hm"),
        body("<think>hm, this never ends"),
        body('{"findings": [', finish="length"),
        body("  "),
    ],
)
def test_a_cut_or_empty_answer_is_a_failure(unfinished: bytes) -> None:
    with pytest.raises(Truncated):
        chat_answer(unfinished)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (body("", finish="abort"), Unavailable),
        (body("{}", finish="content_filter"), Refused),
        (body(None, refusal="I cannot help with Mrs Canary"), Refused),
        (b"", ServerFailed),
        (b"<html>", ServerFailed),
        (b"[]", ServerFailed),
        (b'{"choices": []}', ServerFailed),
        (b'{"choices": [{"message": "Mrs Canary"}]}', ServerFailed),
    ],
)
def test_what_is_no_answer_fails_by_its_kind_and_repeats_nothing(said: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        chat_answer(said)
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 9, "completion_tokens": 7, "reasoning_tokens": 5},
        {"prompt_tokens": 9, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 5}},
    ],
)
def test_thinking_is_counted_where_sglang_and_where_openai_put_it(usage: dict[str, Any]) -> None:
    answer = chat_answer(body(usage=usage | {"prompt_tokens_details": {"cached_tokens": 3}}))
    assert (answer.input_tokens, answer.cached_tokens) == (9, 3)
    assert (answer.reasoning_tokens, answer.answer_tokens) == (5, 2)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens_details": None}])
def test_a_server_that_counts_nothing_is_answered_with_zero(usage: Any) -> None:
    answer = chat_answer(body(usage=usage))
    assert (answer.input_tokens, answer.reasoning_tokens, answer.answer_tokens) == (0, 0, 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "finish_reason", "reasoning_content"]), inner
        )
    ),
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_answer_or_a_named_failure(said: bytes) -> None:
    try:
        answer = chat_answer(said)
    except ModelServerError:
        return
    assert answer.content.strip()
