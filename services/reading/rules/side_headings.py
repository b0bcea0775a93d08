"""A side that heads lines of its own: "Right breast", "LEFT KNEE -", "Left:" above what is told of it."""

from __future__ import annotations

import re

_PAIRED = (
    "breast|axilla|lung|hemithorax|kidney|ovary|adnexa|testis|testicle|hemiscrotum|knee|hip|shoulder|ankle|wrist|elbow"
    "|hand|foot|leg|arm|thigh|calf|forearm|femur|tibia|humerus|orbit|ear|temporal bone|parotid|lobe|carotid|thumb|heel"
    "|lower limb|upper limb|lower extremity|upper extremity"
)
_LINE = re.compile(
    rf"^[ \t>*#_=•-]*(?P<side>left|right|lt|rt|[LR](?=[ \t]*[A-Z:-]))\.?(?:[ \t]+(?:{_PAIRED}))?(?:[ \t]+side)?"
    r"[ \t]*(?:\([^()\n]{1,30}\))?[ \t*_=]*[:–-]?[ \t*_=\r]*$",
    re.IGNORECASE | re.MULTILINE,
)


def heads_side(text: str, start: int, end: int) -> bool:
    """Whether the line at [start, end) names a side, one of a pair at most, and nothing else."""
    return _LINE.fullmatch(text, start, end) is not None


def heads_both(text: str) -> bool:
    """Whether each side has such a line: then the first of them is no title of the exam."""
    return {match["side"][0].lower() for match in _LINE.finditer(text)} == {"l", "r"}
