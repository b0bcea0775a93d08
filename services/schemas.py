"""JSON Schemas of the files a site writes, made from the models that read them, for editors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from integration.hl7v2.senders import SenderMap
from services.engines import EngineSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def senders() -> dict[str, Any]:
    """Of senders.yaml."""
    return _listing("senders", SenderMap, "Sender maps: how each feed's messages are to be understood.")


def engines() -> dict[str, Any]:
    """Of engines.yaml."""
    return _listing("engines", EngineSpec, "Engines: which models can read, and where they are served.")


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"senders": senders, "engines": engines}


def text_of(name: str) -> str:
    """A schema as it is published: docs/schemas/NAME.schema.json."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def _listing(name: str, model: type[BaseModel], title: str) -> dict[str, Any]:
    """A file with one key, a list of entries; what is not known is refused, as the models do."""
    entry = model.model_json_schema(mode="validation", ref_template="#/$defs/{model}")
    definitions = entry.pop("$defs", {})
    return {
        "$schema": DIALECT,
        "title": f"{name}.yaml",
        "description": title,
        "type": "object",
        "additionalProperties": False,
        "required": [name],
        "properties": {name: {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}},
        "$defs": {**definitions, model.__name__: entry},
    }
