"""Why a finding is suggested, in a radiologist's words: where it stands, and who agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.domain.reports import Json, Suggestion

PLAIN = ("The report asserts it.", "The report denies it.", "The report leaves it open.")
VERBS = {"present": "Named", "absent": "Denied", "uncertain": "Left open"}
_HEADING = re.compile(r"^[ \t]*([A-Z][A-Z /&]{3,40}):", re.MULTILINE)
_SECTIONS = {"impression": "impression", "conclusion": "impression", "opinion": "impression", "findings": "findings"}


def why(suggestion: Suggestion, text: str, sections: Sequence[Json] = ()) -> list[str]:
    """A line or two: what the report says where, then what each reader says of it."""
    said = suggestion.rationale if suggestion.rationale not in ("", *PLAIN) else ""
    return [each for each in (said or _named(suggestion, text, sections), _agreed(suggestion)) if each]


def _named(suggestion: Suggestion, text: str, sections: Sequence[Json]) -> str:
    if suggestion.rule.startswith("conflict/"):
        return "The report says it both ways: look at each place."
    places = list(dict.fromkeys(_places(suggestion, text, sections)))
    where = " and ".join(places) if places else "report"
    return f"{VERBS.get(suggestion.status, 'Named')} in the {where}."


def _places(suggestion: Suggestion, text: str, sections: Sequence[Json]) -> Iterator[str]:
    for quote in suggestion.quotes:
        start = int(quote["start"])
        marked = [each["kind"] for each in sections if each["start"] <= start < each["end"]]
        headings = [match[1].strip().lower() for match in _HEADING.finditer(text, 0, start + 1)]
        found = (marked or headings)[-1:]
        yield from (_SECTIONS.get(name, name) for name in found)


def _agreed(suggestion: Suggestion) -> str:
    """Of two readers, whether they say the same; of one nothing."""
    readers = suggestion.readers
    if len(readers) < 2:
        return ""
    if len(set(readers.values())) == 1:
        return "Rules and model agree."
    silent = [name for name, status in readers.items() if status == "not_mentioned"]
    if silent:
        return f"{_who(silent)} does not mention it."
    return "; ".join(f"{_who([name])}: {status.replace('_', ' ')}" for name, status in readers.items()) + "."


def _who(names: Sequence[str]) -> str:
    return " and ".join("The rules engine" if name == "rules" else "The model" for name in names)
