"""A side that heads lines of its own: "Right breast", "LEFT KNEE -", "Left:" above what is told of it."""

from __future__ import annotations

import re

_PAIRED = (
    "breast|axilla|lung|hemithorax|kidney|ovary|adnexa|testis|testicle|hemiscrotum|knee|hip|shoulder|ankle|wrist|elbow"
    "|hand|foot|leg|arm|thigh|calf|forearm|femur|tibia|humerus|orbit|ear|temporal bone|parotid|lobe|carotid|thumb|heel"
    "|lower limb|upper limb|lower extremity|upper extremity"
)
# Of a line with single spaces; no two parts of it can match the same words, so that no line takes long.
_HEADING = re.compile(
    rf"(?P<side>left|right|lt|rt|[lr](?=[ :–-]))\.?(?: (?:{_PAIRED}))?(?: side)?(?: \([^()]{{1,30}}\))?"
    r" ?[*_=]{0,4} ?[:–-]?",
    re.IGNORECASE,
)
_LONGEST = 80


def heads_side(text: str, start: int, end: int) -> bool:
    """Whether the line at [start, end) names a side, one of a pair at most, and nothing else."""
    return bool(_side_of(text[start:end]))


def heads_both(text: str) -> bool:
    """Whether each side has such a line: then the first of them is no title of the exam."""
    return {"l", "r"} <= set(map(_side_of, text.split("\n")))


def _side_of(line: str) -> str:
    """ "l" or "r" for a line that heads a side."""
    if len(line) > _LONGEST:
        return ""
    match = _HEADING.fullmatch(" ".join(line.lstrip(" \t>*#_=•-").rstrip(" \t*_=\r").split()))
    return match["side"][0].lower() if match else ""
