"""engines.yaml: which models can read, where they are served, and who may be given patients' text.

`rules` is always there and is not listed. docs/serving.md documents every key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator

from integration.canonical import Record
from integration.sglang.endpoint import Dialect, Endpoint, ResponseFormat
from services.reading.catalogue.files import line_of

RULES = "rules"
FILE = "engines.yaml"
OURS = re.compile(
    r"model|messages|response_format|max_(completion_)?tokens|temperature|top_p|rid|priority|cache_salt|custom_params"
    r"|stream|stream_options|n|tools|tool_choice|functions"
)
"""Members of a request that no `extra_body` may set: keys of their own say them, or the answer would be another."""


_SGLANG_ONLY = ("thinking_budget", "cache_by_site")
_NEVER_SENT: dict[Dialect, tuple[str, ...]] = {
    Dialect.SGLANG: (),
    Dialect.OPENAI: _SGLANG_ONLY,
    Dialect.OPENAI_REASONING: (*_SGLANG_ONLY, "temperature", "top_p", "system_prompt"),
}
_INSTEAD = {
    "thinking_budget": "leave it out, and say in extra_body what this server knows (reasoning_effort, say)",
    "cache_by_site": "leave it out",
    "temperature": "leave it out, such a model refuses it",
    "top_p": "leave it out, such a model refuses it",
    "system_prompt": "leave it out, such a model takes everything in the user's turn",
}


class EngineError(Exception):
    """An engine is unknown, badly described or not allowed; the message says where and what to do."""


class Price(Record):
    """What a million tokens cost. `cached`: input served from the prefix cache; the price of input if left out.

    Thinking is billed as output. Counts of tokens are the server's own.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")


class NodeCost(Record):
    """What a node of one's own costs an hour, and how many reports an hour it was measured to read when full."""

    price: float = Field(ge=0)
    reports_an_hour: float = Field(gt=0)
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")


class About(Record):
    """What a house weighs beside scores; shown by `evaluate`, used for nothing else.

    `context_window` in tokens. `openness`: what is published (weights, data, code). `source`: where these facts
    were read, and when. `card`: which of services/evaluation/model_cards.yaml is of this model. What it costs is a
    `price` by tokens, or that of a `node` of one's own.
    """

    card: str = ""
    node: NodeCost | None = None
    context_window: int | None = Field(None, ge=1)
    licence: str = ""
    openness: str = ""
    price: Price | None = None
    source: str = ""

    @model_validator(mode="after")
    def _one_cost(self) -> About:
        if self.price and self.node:
            raise ValueError("price and node are two ways to say what it costs: give one")
        return self


class EngineSpec(Record):
    """One engine. Times in seconds, budgets in tokens.

    `local`: the server stands in the house, under the same protection as the reports; there is no default.
    `max_tokens` bounds thinking and answer together; a cut answer is asked for once more with
    `max_tokens_retry`. `thinking_budget`: asked of the server and checked against its usage. `concurrency`:
    connections of one process. `extra_body`: further members of each request. `profile`: how its server was
    launched; the profile of its own name if left out. `cache_by_site`: sites share no prefix
    cache. A setting that the dialect never sends is refused.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    url: AnyHttpUrl
    model: str = Field(min_length=1)
    local: bool
    dialect: Dialect = Dialect.SGLANG
    system_prompt: bool = False
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    thinking_budget: int | None = Field(None, ge=0)
    response_format: ResponseFormat = ResponseFormat.JSON_SCHEMA
    extra_body: dict[str, Any] = Field(default_factory=dict)
    profile: str = ""
    cache_by_site: bool = False
    max_tokens: int = Field(8192, ge=256)
    max_tokens_retry: int = Field(16384, ge=256)
    timeout: float = Field(300, gt=0)
    concurrency: int = Field(32, ge=1)
    attempts: int = Field(3, ge=1, le=10)
    api_key_env: str = ""
    api_key_file: Path | None = None
    ca: Path | None = None
    about: About = About()

    @field_validator("name")
    @classmethod
    def _not_rules(cls, name: str) -> str:
        if name == RULES:
            raise ValueError("`rules` is built in and cannot be defined")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> EngineSpec:
        if self.max_tokens_retry < self.max_tokens:
            raise ValueError("max_tokens_retry must not be below max_tokens")
        if self.thinking_budget is not None and self.thinking_budget >= self.max_tokens:
            raise ValueError("thinking_budget must leave room for the answer below max_tokens")
        for name in _NEVER_SENT[self.dialect]:
            if getattr(self, name) is not None and getattr(self, name) is not False:
                raise ValueError(f"the dialect {self.dialect} never sends {name}: {_INSTEAD[name]}")
        if ours := sorted(filter(OURS.fullmatch, self.extra_body)):
            raise ValueError(
                f"extra_body may not set {', '.join(ours)}: the client sets them, or the answer needs them so"
            )
        return self

    def endpoint(self, environ: Mapping[str, str] | None = None) -> Endpoint:
        """The client's view of it. Raises EngineError when the key it names cannot be read."""
        return Endpoint(
            url=str(self.url).rstrip("/"),
            model=self.model,
            dialect=self.dialect,
            system_prompt=self.system_prompt,
            temperature=self.temperature,
            top_p=self.top_p,
            thinking_budget=self.thinking_budget,
            response_format=self.response_format,
            extra_body=self.extra_body,
            timeout=self.timeout,
            connections=self.concurrency,
            attempts=self.attempts,
            api_key=self._api_key(os.environ if environ is None else environ),
            ca=self.ca,
            proxy=not self.local,
        )

    def _api_key(self, environ: Mapping[str, str]) -> SecretStr | None:
        if self.api_key_file:
            try:
                return SecretStr(self.api_key_file.read_text().strip())
            except OSError as error:
                why = f"cannot read api_key_file {self.api_key_file}: {error.strerror}"
                raise EngineError(f"engine {self.name}: {why}") from None
        if self.api_key_env and self.api_key_env not in environ:
            raise EngineError(f"engine {self.name}: the variable {self.api_key_env} (api_key_env) is not set")
        return SecretStr(environ[self.api_key_env]) if self.api_key_env else None


class _File(Record):
    engines: tuple[EngineSpec, ...] = ()


def load_engines(config_dir: Path | None) -> dict[str, EngineSpec]:
    """The engines of `config_dir`/engines.yaml by name; none when there is no such file.

    Raises EngineError with one line for each mistake: file, line, reason.
    """
    path = config_dir / FILE if config_dir else None
    return read_engines(path) if path and path.exists() else {}


def read_engines(path: Path) -> dict[str, EngineSpec]:
    """The engines of a file by name. Raises EngineError as load_engines does, also for a file that is not there."""
    try:
        return _by_name(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(f"{path}: cannot be read: {error}") from None


def spec_of(name: str, engines: Mapping[str, EngineSpec]) -> EngineSpec:
    """The engine of that name. Raises EngineError listing those there are."""
    if name not in engines:
        known = ", ".join([RULES, *sorted(engines)])
        raise EngineError(f"no engine {name!r}: there are {known}; others are added in {FILE}")
    return engines[name]


def with_budgets(
    engines: Mapping[str, EngineSpec], names: Sequence[str], budgets: Sequence[int]
) -> tuple[dict[str, EngineSpec], list[str]]:
    """Each engine named, once with each thinking budget instead of its own, as NAME-think-BUDGET; the rules stay.

    Raises EngineError where a server takes no budget, or it leaves no room for the answer.
    """
    if not budgets:
        return dict(engines), list(names)
    models = [spec_of(name, engines) for name in names if name != RULES]
    made = [_with_budget(spec, budget) for spec in models for budget in dict.fromkeys(budgets)]
    rules = [RULES] if RULES in names else []
    return {each.name: each for each in made}, rules + [each.name for each in made]


def _with_budget(spec: EngineSpec, budget: int) -> EngineSpec:
    said = spec.model_dump() | {"name": f"{spec.name}-think-{budget}", "thinking_budget": budget}
    try:
        return EngineSpec.model_validate(said)
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise EngineError(f"engine {spec.name} with a thinking budget of {budget}: {why}") from None


def _by_name(path: Path, text: str) -> dict[str, EngineSpec]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise EngineError(f"{path}, line {line}: not YAML: {error.problem}") from None
    specs = _validated(path, root, content)
    engines = {spec.name: spec for spec in specs}
    for index, spec in enumerate(specs):
        if engines[spec.name] is not spec:
            line = line_of(root, ["engines", index])
            raise EngineError(f"{path}, line {line}: a second engine {spec.name!r} stands further down")
    return engines


def _validated(path: Path, root: yaml.Node | None, content: object) -> tuple[EngineSpec, ...]:
    if not isinstance(content, dict):
        raise EngineError(f"{path}, line 1: expected a mapping with the key `engines` and a list under it")
    try:
        return _File.model_validate(content).engines
    except ValidationError as error:
        raise EngineError(
            "\n".join(
                f"{path}, line {line_of(root, problem['loc'])}: "
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in error.errors(include_url=False, include_input=False)
            )
        ) from None
