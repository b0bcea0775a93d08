"""A quick look before a long pattern hides nothing that the pattern finds."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from services.reading.rules import amendments, follow_up, imaging, unfinished

_SENTENCES = Path(__file__).parents[1] / "data"
_REPORTS = ("whole_dev", "whole_dev5", "whole_dev10")
_PIECE = re.compile(r"[^.\n]+\.?")
_LOOKS: dict[str, tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]] = {
    "shorthand": (imaging._SHORT, (imaging._SHORTHAND, imaging._BEHIND_EXAM)),
    "today": (imaging._TODAYS, (imaging._TODAY,)),
    "would": (follow_up._DOES, (follow_up._WOULD, follow_up._COULD)),
    "changed": (amendments._HINTS, (amendments._CHANGES, amendments._REVERSES, amendments._IN_BODY)),
    "unfinished": (unfinished._HINTS, (unfinished._UNFINISHED, unfinished._CUT_SHORT)),
}


@cache
def _said() -> tuple[str, ...]:
    """Every sentence of the tests, and every one of some development sets."""
    own = [json.loads(line) for path in sorted(_SENTENCES.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    folder = files("services.evaluation").joinpath("data")
    sets = [json.loads(line) for name in _REPORTS for line in folder.joinpath(f"{name}.jsonl").open(encoding="utf-8")]
    texts = [str(each["text"]) for each in (*own, *sets) if "text" in each]
    return tuple(dict.fromkeys(piece for text in texts for piece in (text, *_PIECE.findall(text))))


@pytest.mark.parametrize("name", _LOOKS)
def test_what_the_pattern_finds_is_looked_for(name: str) -> None:
    look, patterns = _LOOKS[name]
    found = [words for words in _said() if any(pattern.search(words) for pattern in patterns)]
    assert found
    assert [words for words in found if not look.search(words.lower())] == []
