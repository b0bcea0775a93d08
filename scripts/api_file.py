"""Writes docs/api/openapi.json, the contract of API v1; refuses where a client of it would break.

    python scripts/api_file.py

What was there must stay: operations, parameters, fields of answers with their types. What is new must be optional.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from services.settings import Database, Settings
from services.web.app import create_app

FILE = Path(__file__).parents[1] / "docs/api/openapi.json"
Json = dict[str, Any]


def described() -> Json:
    """The description as the application makes it; nothing is connected to."""
    app = create_app(Settings(database=Database(password=SecretStr("unused"))))
    api = next(route.app for route in app.routes if getattr(route, "path", "") == "/api/v1")  # type: ignore[attr-defined]
    made: Json = json.loads(json.dumps(api.openapi()))
    return made


def text_of(description: Json) -> str:
    """As the file has it."""
    return json.dumps(description, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def broken(before: Json, after: Json) -> list[str]:
    """What a client written for `before` would stumble over, a line each."""
    return [*_operations(before, after), *_records(before, after)]


def _operations(before: Json, after: Json) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method, old in methods.items():
            new = after["paths"].get(path, {}).get(method)
            name = f"{method.upper()} {path}"
            if new is None:
                yield f"{name}: is gone"
                continue
            yield from (f"{name}: {fault}" for fault in _parameters(old, new))
            yield from (f"{name}: {fault}" for fault in _contents(old, new))


def _parameters(old: Json, new: Json) -> Iterator[str]:
    were, are = ({(each["in"], each["name"]): each for each in way.get("parameters", [])} for way in (old, new))
    yield from (f"parameter {name} is gone" for where, name in were if (where, name) not in are)
    for key, each in are.items():
        if each.get("required") and not were.get(key, {}).get("required"):
            yield f"parameter {key[1]} must be given now"
        if key in were:
            yield from (f"parameter {key[1]}: {fault}" for fault in _narrower(were[key]["schema"], each["schema"]))


def _contents(old: Json, new: Json) -> Iterator[str]:
    bodies = [way.get("requestBody", {}) for way in (old, new)]
    if bodies[1].get("required") and not bodies[0].get("required"):
        yield "a body must be given now"
    for code, answer in old["responses"].items():
        there = new["responses"].get(code)
        if there is None:
            if code == "200":
                yield "has no answer 200 any more"
        elif _schema(answer) != _schema(there):
            yield f"answers {code} with another record"
    if _schema(bodies[0]) != _schema(bodies[1]):
        yield "takes another record"


def _schema(holder: Json) -> Any:
    contents = holder.get("content", {})
    return [contents[kind].get("schema") for kind in sorted(contents)]


def _records(before: Json, after: Json) -> Iterator[str]:
    """Fields that are gone or of another type; fields that must be given now. A record is both asked and answered."""
    news = after["components"]["schemas"]
    asked = set(_asked(before))
    for name, old in before["components"]["schemas"].items():
        new = news.get(name)
        if new is None:
            yield f"{name}: is gone"
            continue
        yield from _fields(name, old, new, asked=name in asked)


def _fields(name: str, old: Json, new: Json, *, asked: bool) -> Iterator[str]:
    fields, now = old.get("properties", {}), new.get("properties", {})
    yield from (f"{name}.{field}: is gone" for field in fields if field not in now)
    for field in fields.keys() & now.keys():
        if _type(fields[field]) != _type(now[field]):
            yield f"{name}.{field}: is of another type"
        elif asked:
            yield from (f"{name}.{field}: {fault}" for fault in _narrower(fields[field], now[field]))
    added = set(new.get("required", [])) - set(old.get("required", []))
    if asked:
        yield from (f"{name}.{field}: must be given now" for field in sorted(added))
    else:
        lost = set(old.get("required", [])) - set(new.get("required", []))
        yield from (f"{name}.{field}: may be missing now" for field in sorted(lost))
    if "enum" in old and set(old["enum"]) - set(new.get("enum", [])):
        yield f"{name}: words are gone"


def _asked(description: Json) -> Iterator[str]:
    """Names of records that clients send, and of those in them."""
    seen: list[str] = []
    for methods in description["paths"].values():
        seen += [name for each in methods.values() for name in _named(each.get("requestBody", {}))]
    while seen:
        name = seen.pop()
        yield name
        seen += list(_named(description["components"]["schemas"][name]))


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        for each in part.values():
            yield from _named(each)
    elif isinstance(part, list):
        for each in part:
            yield from _named(each)


def _type(schema: Json) -> Any:
    """A field's type without its words and bounds."""
    keep = ("$ref", "type", "format", "const", "enum")
    made = {key: schema[key] for key in keep if key in schema}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _type(schema[key])
    if "anyOf" in schema:
        made["anyOf"] = sorted(json.dumps(_type(each), sort_keys=True) for each in schema["anyOf"])
    return made


_BOUNDS = {"maximum": min, "maxLength": min, "maxItems": min, "minimum": max, "minLength": max}


def _narrower(old: Json, new: Json) -> Iterator[str]:
    """Bounds that refuse what was taken before."""
    for name, tighter in (
        ("maximum", min),
        ("maxLength", min),
        ("maxItems", min),
        ("minimum", max),
        ("minLength", max),
    ):
        if name in new and (name not in old or tighter(old[name], new[name]) != old[name]):
            yield f"{name} {new[name]} is narrower"
    if "enum" in old and set(old["enum"]) - set(new.get("enum", old["enum"])):
        yield "words are not taken any more"


def main() -> int:
    """1 and a line for each fault where the contract would break; nothing is written then."""
    now = described()
    faults = broken(json.loads(FILE.read_text(encoding="utf-8")), now) if FILE.exists() else []
    for fault in faults:
        print(f"API v1 would break: {fault}", file=sys.stderr)
    if not faults:
        FILE.write_text(text_of(now), encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
