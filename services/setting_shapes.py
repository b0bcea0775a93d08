"""How a setting is written: its default as it is pasted into an environment, its shape in words, an example.

What is said of a value that may not stand is said here too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import AnyHttpUrl, BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    Path: "path of a file or folder",
    AnyHttpUrl: "URL",
    SecretStr: "text, or `…_FILE` with its path",
}
BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
EXAMPLES: dict[Any, str] = {Path: "/run/secrets/name.pem", AnyHttpUrl: "https://fhir.example/r4", bool: "true"}


class Setting(NamedTuple):
    """One setting; `default` and `example` are what a variable is set to ("" for none)."""

    name: str
    default: str
    meaning: str
    shape: str
    example: str


def setting(name: str, field: FieldInfo) -> Setting:
    """What is to be known of a field under the name of its variable."""
    default = field.get_default(call_default_factory=True)
    shown = "" if default is None or isinstance(default, SecretStr) else written(default)
    return Setting(name, shown, field.description or "", shape(field), _example(field, shown))


def variables(model: type[BaseModel], prefix: str) -> list[tuple[str, FieldInfo]]:
    """(variable, field) of every setting of a model, groups of settings walked through, in order."""
    found: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += variables(field.annotation, f"{variable}__")
        else:
            found.append((variable, field))
    return found


def written(value: Any) -> str:
    """A value as an environment variable holds it: JSON for lists and maps."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value)
    return str(value.value if isinstance(value, Enum) else value)


def is_json(field: FieldInfo) -> bool:
    """Whether a variable holds JSON."""
    return get_origin(field.annotation) in (list, dict)


def shape(field: FieldInfo) -> str:
    """What may stand there, in words."""
    kind = field.annotation
    origin = get_origin(kind)
    if origin is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in get_args(kind))
    if origin is list:
        return "JSON list of texts"
    if origin is dict:
        return "JSON object of texts" if str in get_args(kind)[1:] else "JSON object of objects"
    plain = _plain(kind)
    return " ".join([WORDS.get(plain, "text"), *_bounds(field.metadata)])


def _plain(kind: Any) -> Any:
    """The type of `type | None`, and of an annotated one."""
    inner = [each for each in get_args(kind) if each is not type(None)]
    return _plain(inner[0]) if inner else kind


def _bounds(metadata: Iterable[Any]) -> list[str]:
    found = []
    for each in metadata:
        for name, words in BOUNDS.items():
            if (limit := getattr(each, name, None)) is not None:
                found.append(words.format(f"{limit:g}"))
        found += _bounds(getattr(each, "metadata", ()))
    return found


def _example(field: FieldInfo, default: str) -> str:
    if field.examples:
        return written(field.examples[0])
    return default or EXAMPLES.get(_plain(field.annotation), "")


def not_json(given: Mapping[str, str], known: Mapping[str, FieldInfo]) -> list[str]:
    """What is wrong with the variables that hold JSON."""
    wrong = []
    for name, value in given.items():
        if value and name in known and is_json(known[name]):
            try:
                json.loads(value)
            except ValueError as error:
                wrong.append(f"{name}: not JSON ({error}); {takes(name, known[name])}")
    return wrong


def not_there(name: str, known: Mapping[str, FieldInfo]) -> str:
    """What a variable nobody reads meets: the nearest there is, with what that takes."""
    near = next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None)
    meant = f"; did you mean {near}? {takes(near, known[near])}" if near else ""
    return f"{name}: no such setting{meant}; `countersign settings` lists them"


def takes(name: str, field: FieldInfo) -> str:
    """What a variable takes, as a refusal says it."""
    known = setting(name, field)
    example = f", for example {name}='{known.example}'" if known.example else ""
    return f"it takes: {known.shape}{example}".replace("`", "")


def explain(error: ValidationError, known: Mapping[str, FieldInfo], prefix: str) -> Iterator[str]:
    """One line for each mistake: the variable, what is wrong, what it takes."""
    for item in error.errors(include_input=False, include_url=False):
        parts = [str(part).upper() for part in item["loc"]]
        # The rest is a place inside the value: an index of a list, a key of a map.
        count = next((n for n in range(len(parts), 0, -1) if prefix + "__".join(parts[:n]) in known), 0)
        name = prefix + "__".join(parts[:count] or parts)
        inside = "".join(f" [{part}]" for part in item["loc"][count:]) if count else ""
        yield f"{name}{inside}: {item['msg']}; " + (takes(name, known[name]) if count else "no such setting")
