"""Where a model is served and how that server wants to be spoken to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from integration.canonical import Priority, Record


class Dialect(StrEnum):
    """What differs between servers that speak the OpenAI chat completions API.

    - sglang: takes `rid`, `priority`, `cache_salt`, a thinking budget and /abort_request.
    - openai: the plain API, `max_tokens`, temperature.
    - openai-reasoning: o1 and its successors: no system prompt, temperature and top_p refused,
      `max_completion_tokens`.
    """

    SGLANG = "sglang"
    OPENAI = "openai"
    OPENAI_REASONING = "openai-reasoning"


class Endpoint(Record):
    """One model at one address. Times in seconds.

    `url` ends in /v1. `timeout`: for one whole answer. `connections`: open at once, at most. `attempts`: tries
    of one call when the server is unreachable or says it is full; the only retries there are (the openai
    library's own are off, and a router in front must have its own off too). `proxy`: whether proxies named in
    the environment are used; off for servers in the house.
    """

    url: str
    model: str
    dialect: Dialect = Dialect.SGLANG
    system_prompt: bool = False
    temperature: float | None = None
    top_p: float | None = None
    thinking_budget: int | None = None
    timeout: float = 300
    connect_timeout: float = 5
    connections: int = 32
    attempts: int = 3
    api_key: SecretStr | None = None
    ca: Path | None = None
    proxy: bool = False

    @property
    def root(self) -> str:
        """The address without /v1, where SGLang's own routes are."""
        return self.url.rstrip("/").removesuffix("/v1")


class ChatCall(Record):
    """One question. `shared` is what many calls have in common and comes first; `own` comes last.

    `rid` names the call at the server. `cache_salt` keeps prefix caches of sites apart. `max_tokens` counts
    thinking and answer together.
    """

    shared: str
    own: str
    schema_: dict[str, Any]
    max_tokens: int
    rid: str
    priority: Priority = Priority.ROUTINE
    cache_salt: str = ""


def request(endpoint: Endpoint, call: ChatCall) -> dict[str, Any]:
    """The body of POST /chat/completions, in the endpoint's dialect."""
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": _messages(endpoint, call),
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": call.schema_, "strict": True},
        },
    }
    match endpoint.dialect:
        case Dialect.OPENAI_REASONING:
            return body | {"max_completion_tokens": call.max_tokens}
        case Dialect.OPENAI:
            return body | _sampling(endpoint) | {"max_tokens": call.max_tokens}
        case Dialect.SGLANG:
            return body | _sampling(endpoint) | {"max_tokens": call.max_tokens} | _sglang_only(endpoint, call)


def _messages(endpoint: Endpoint, call: ChatCall) -> list[dict[str, str]]:
    """DeepSeek-R1 and o1 want everything in the user's turn; others take the shared part as system prompt."""
    if endpoint.system_prompt and endpoint.dialect is not Dialect.OPENAI_REASONING:
        return [{"role": "system", "content": call.shared}, {"role": "user", "content": call.own}]
    return [{"role": "user", "content": f"{call.shared}\n{call.own}"}]


def _sampling(endpoint: Endpoint) -> dict[str, Any]:
    said = {"temperature": endpoint.temperature, "top_p": endpoint.top_p}
    return {name: value for name, value in said.items() if value is not None}


def _sglang_only(endpoint: Endpoint, call: ChatCall) -> dict[str, Any]:
    """SGLang serves the higher priority first, ours counts the other way. A thinking budget is honoured only
    by a server started with --enable-strict-thinking: see docs/serving.md."""
    said: dict[str, Any] = {"rid": call.rid, "priority": int(Priority.ROUTINE) - int(call.priority)}
    if call.cache_salt:
        said["cache_salt"] = call.cache_salt
    if endpoint.thinking_budget is not None:
        said["custom_params"] = {"thinking_budget": endpoint.thinking_budget}
    return said
