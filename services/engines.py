"""engines.yaml: which models can read, where they are served, and who may be given patients' text.

`rules` is always there and is not listed. docs/serving.md documents every key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator

from integration.canonical import Record
from integration.sglang.endpoint import Dialect, Endpoint
from services.reading.catalogue.files import line_of

RULES = "rules"
FILE = "engines.yaml"


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


class About(Record):
    """What a house weighs beside scores; shown by `evaluate`, used for nothing else.

    `context_window` in tokens. `openness`: what is published (weights, data, code). `source`: where these facts
    were read, and when.
    """

    context_window: int | None = Field(None, ge=1)
    licence: str = ""
    openness: str = ""
    price: Price | None = None
    source: str = ""


class EngineSpec(Record):
    """One engine. Times in seconds, budgets in tokens.

    `local`: the server stands in the house, under the same protection as the reports; there is no default.
    `max_tokens` bounds thinking and answer together; a cut answer is asked for once more with
    `max_tokens_retry`. `thinking_budget`: asked of the server and checked against its usage. `concurrency`:
    connections of one process.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    url: AnyHttpUrl
    model: str = Field(min_length=1)
    local: bool
    dialect: Dialect = Dialect.SGLANG
    system_prompt: bool = False
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    thinking_budget: int | None = Field(None, ge=1)
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
        if self.dialect is Dialect.OPENAI_REASONING and (self.temperature, self.top_p) != (None, None):
            raise ValueError("the dialect openai-reasoning refuses temperature and top_p")
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
