"""The calls made of llama.cpp: each is recorded from the real server and can be replayed.

`max_tokens` differs from case to case, so that a recording is found by what was sent and by nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.sglang.endpoint import Dialect, Endpoint, ResponseFormat
from services.reading.answer_schema import answer_schema
from services.reading.catalogue import load
from tests.contract.sglang.cases import SCHEMA, TEXT, Case

FOLDER = Path(__file__).parent / "recordings"
UNKNOWN_TYPE = {"type": "object", "properties": {"a": {"$ref": "#/$defs/nowhere"}}, "required": ["a"]}

BARE = {
    "type": "object",
    "properties": {"status": {"type": "string", "enum": ["present", "absent", "uncertain"]}},
    "required": ["status"],
    "additionalProperties": False,
}
SAID = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/finding"}]}
SHORT = {
    "type": "object",
    "properties": {
        "findings": {
            "type": "object",
            "properties": {"pneumothorax": SAID, "pleural_effusion": SAID},
            "required": ["pneumothorax", "pleural_effusion"],
            "additionalProperties": False,
        }
    },
    "required": ["findings"],
    "additionalProperties": False,
    "$defs": {"finding": BARE},
}
"""Our form without its lists: a model of this size fills a list until it is cut."""

ANSWER = Case("answer", 200, SHORT)
CUT_IN_ANSWER = Case("cut_in_answer", 5, SCHEMA)
TOO_LONG = Case("too_long", 1501, SCHEMA, text="No pneumothorax is seen. " * 4000)
BAD_SCHEMA = Case("bad_schema", 1502, UNKNOWN_TYPE)
IN_THE_PROMPT = Case("in_the_prompt", 6, SCHEMA)
CATALOGUES = tuple(
    Case(f"catalogue_{name}", 7 + place, answer_schema(each.candidates))
    for place, (name, each) in enumerate(load().catalogues.items())
    if name != "further"
)
"""The whole schema of each catalogue, cut after a few tokens: what counts is that the server compiles it."""

CASES = (ANSWER, CUT_IN_ANSWER, TOO_LONG, BAD_SCHEMA, IN_THE_PROMPT, *CATALOGUES)
REPORT = TEXT


def endpoint(case: Case, url: str, **more: Any) -> Endpoint:
    """llama.cpp, spoken to as docs/serving.md says; without chance, so that a record can be made again."""
    form = ResponseFormat.JSON_OBJECT if case is IN_THE_PROMPT else ResponseFormat.JSON_SCHEMA
    said = {"temperature": 0.0, "response_format": form, "timeout": 600, "attempts": 1}
    return Endpoint(url=url, model="smollm2", dialect=Dialect.OPENAI, **said | more)
