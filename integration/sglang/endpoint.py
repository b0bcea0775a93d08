"""Where a model is served and how that server wants to be spoken to."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

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


class ResponseFormat(StrEnum):
    """How the server is told the form of the answer.

    - json_schema: by a schema it holds the model to.
    - json_object: it makes sure of JSON alone; the schema stands in the prompt.
    """

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"


class Endpoint(Record):
    """One model at one address. Times in seconds.

    `url` ends in /v1. `timeout`: for one whole answer. `connections`: open at once, at most. `attempts`: tries
    of one call when the server is unreachable or says it is full; the only retries there are (a router in front
    must have its own off). `proxy`: whether proxies named in
    the environment are used; off for servers in the house. `extra_body`: further members of the request, as the server
    wants them.
    """

    url: str
    model: str
    dialect: Dialect = Dialect.SGLANG
    system_prompt: bool = False
    temperature: float | None = None
    top_p: float | None = None
    thinking_budget: int | None = None
    response_format: ResponseFormat = ResponseFormat.JSON_SCHEMA
    extra_body: dict[str, Any] = Field(default_factory=dict)
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
    body = endpoint.extra_body | {
        "model": endpoint.model,
        "messages": _messages(endpoint, call),
        "response_format": _response_format(endpoint, call),
    }
    match endpoint.dialect:
        case Dialect.OPENAI_REASONING:
            return body | {"max_completion_tokens": call.max_tokens}
        case Dialect.OPENAI:
            return body | _sampling(endpoint) | {"max_tokens": call.max_tokens}
        case Dialect.SGLANG:
            return body | _sampling(endpoint) | {"max_tokens": call.max_tokens} | _sglang_only(endpoint, call)


def _response_format(endpoint: Endpoint, call: ChatCall) -> dict[str, Any]:
    if endpoint.response_format is ResponseFormat.JSON_OBJECT:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": call.schema_, "strict": True}}


def _messages(endpoint: Endpoint, call: ChatCall) -> list[dict[str, str]]:
    """DeepSeek-R1 and o1 want everything in the user's turn; others take the shared part as system prompt."""
    shared = _shared(endpoint, call)
    if endpoint.system_prompt and endpoint.dialect is not Dialect.OPENAI_REASONING:
        return [{"role": "system", "content": shared}, {"role": "user", "content": call.own}]
    return [{"role": "user", "content": f"{shared}\n{call.own}"}]


def _shared(endpoint: Endpoint, call: ChatCall) -> str:
    """With the schema for a server that takes none; it is the same for every report of a catalogue."""
    if endpoint.response_format is ResponseFormat.JSON_SCHEMA:
        return call.shared
    schema = json.dumps(call.schema_, separators=(",", ":"))
    return f"{call.shared}\nThe JSON schema of the answer:\n{schema}\n"


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
