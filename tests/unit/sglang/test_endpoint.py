"""How each dialect wants to be spoken to."""

from __future__ import annotations

from typing import Any

import pytest

from integration.canonical import Priority
from integration.sglang.endpoint import ChatCall, Dialect, Endpoint, request

CALL = ChatCall(
    shared="shared",
    own="own",
    schema_={"type": "object"},
    max_tokens=100,
    rid="rid-1",
    priority=Priority.STAT,
    cache_salt="north",
)


def body(dialect: Dialect, **more: Any) -> dict[str, Any]:
    return request(Endpoint(url="http://h/v1", model="m", dialect=dialect, **more), CALL)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_dialect_constrains_the_answer_by_its_schema(dialect: Dialect) -> None:
    assert body(dialect)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
    }


def test_r1_gets_everything_in_the_users_turn_with_the_report_last() -> None:
    assert body(Dialect.SGLANG)["messages"] == [{"role": "user", "content": "shared\nown"}]


@pytest.mark.parametrize("dialect", [Dialect.SGLANG, Dialect.OPENAI])
def test_a_model_that_takes_a_system_prompt_gets_the_shared_part_there(dialect: Dialect) -> None:
    assert body(dialect, system_prompt=True)["messages"] == [
        {"role": "system", "content": "shared"},
        {"role": "user", "content": "own"},
    ]


def test_o1_gets_no_system_prompt_no_temperature_and_its_own_name_for_the_limit() -> None:
    said = body(Dialect.OPENAI_REASONING, system_prompt=True, temperature=0.6, top_p=0.9)
    assert [message["role"] for message in said["messages"]] == ["user"]
    assert said["max_completion_tokens"] == 100
    assert not {"temperature", "top_p", "max_tokens"} & said.keys()


def test_only_sglang_is_told_name_priority_salt_and_budget_of_a_call() -> None:
    said = body(Dialect.SGLANG, thinking_budget=64, temperature=0.6)
    assert (said["rid"], said["cache_salt"], said["temperature"]) == ("rid-1", "north", 0.6)
    assert said["custom_params"] == {"thinking_budget": 64}
    for dialect in (Dialect.OPENAI, Dialect.OPENAI_REASONING):
        others = body(dialect, thinking_budget=64)
        assert not {"rid", "priority", "cache_salt", "custom_params"} & others.keys()


def test_a_server_that_knows_json_alone_finds_the_schema_behind_the_shared_part() -> None:
    said = body(Dialect.OPENAI, response_format="json_object", system_prompt=True)
    assert said["response_format"] == {"type": "json_object"}
    assert [message["content"] for message in said["messages"]] == [
        'shared\nThe JSON schema of the answer:\n{"type":"object"}\n',
        "own",
    ]


def test_further_members_of_a_request_are_the_engines_own_and_replace_none_of_ours() -> None:
    said = body(Dialect.OPENAI, extra_body={"chat_template_kwargs": {"thinking": True}, "max_tokens": 1})
    assert said["chat_template_kwargs"] == {"thinking": True}
    assert said["max_tokens"] == 100


def test_sglang_serves_the_higher_number_first_so_stat_gets_the_highest() -> None:
    numbers = [
        request(Endpoint(url="u", model="m"), CALL.model_copy(update={"priority": priority}))["priority"]
        for priority in (Priority.STAT, Priority.URGENT, Priority.ROUTINE)
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 3


@pytest.mark.parametrize("url", ["http://h:1/v1", "http://h:1/v1/"])
def test_the_servers_own_routes_stand_beside_v1(url: str) -> None:
    assert Endpoint(url=url, model="m").root == "http://h:1"
