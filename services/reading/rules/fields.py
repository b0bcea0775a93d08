"""Fields of a form: boxes ticked or not, blanks left open, and blanks that only hide a name or a date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

BLANK = re.compile(r"(?<!\*)\*{3}(?!\*)|_{3,}|\{\s*\}")
BOX = re.compile(r"\[[ \t]*(?P<tick>[xX✓✔]?)[ \t]*\](?!\()|\((?P<round>[xX✓✔])\)|(?P<sign>[☐☑☒□])")
# "*** ADDENDUM ***" is a heading, no field.
_BANNER = re.compile(r"[ \t]*\*{3}[ \t]*[A-Za-z][A-Za-z #\d]{0,40}\*{3}")
_TICKS = frozenset("xX✓✔☑☒")
_UNIT = re.compile(r"\s*(?:cm|mm|ml|cc|hu|%)\b", re.IGNORECASE)
# Before a value; before a name or a date stand other words ("since ___", "Dr. ___").
_BEFORE_VALUE = re.compile(
    r"\b(?:is|are|was|measures?|measuring|shows?|demonstrates?|a|an|approximately|about|size|severity|grade)\s+\Z",
    re.IGNORECASE,
)
_NAME_FOLLOWS = re.compile(r"\s*(?:[-–]?\s?(?:year|yr|y/?o|month|week|day)|at\b|on\b|[MF]\b|\d|_)", re.IGNORECASE)
_AFTER_LABEL = re.compile(r":[ \t]*\Z")
# Labels of what is hidden and not left open: "REFERENCE EXAM: ___", "PORTABLE CHEST: ___".
_HIDES = re.compile(
    r"\b(?:comparisons?|compared|reference|prior|previous|dates?|times?|exam\w*|stud(?:y|ies)|techniques?|chest|portable"
    r"|radiographs?|films?|views?|dr|md|names?|by|signed|mrn|accession|phone|pager|history|indication)\b"
    r"[^:\n]*:[ \t]*\Z",
    re.IGNORECASE,
)
_LOOK_BACK = 24
_ANSWER = re.compile(
    r"(?:yes|no|none|present|absent|positive|negative|normal|abnormal|n/a|mild|moderate|severe|small|large|left|right"
    r"|bilateral|seen|not seen)\b",
    re.IGNORECASE,
)


class Ticked(NamedTuple):
    """What a ticked box says, [start, end); of the label before it [start, label)."""

    start: int
    label: int
    said: int
    end: int


def first_open(text: str, among: Callable[[int], bool] = lambda at: True) -> re.Match[str] | None:
    """The first field of the text that was left open: a blank for a value, or a box where none is ticked.

    `among`: whether a blank at an offset counts.
    """
    fields = (each for each in BLANK.finditer(text) if among(each.start()) and is_open(text, each))
    if found := next(fields, None):
        return found
    boxes = [*BOX.finditer(text)]
    return boxes[0] if boxes and not any(map(_is_ticked, boxes)) else None


def is_open(text: str, blank: re.Match[str]) -> bool:
    """Whether a blank stands where a value would; underscores often hide a date or a name instead."""
    line = text.rfind("\n", 0, blank.start()) + 1
    if not blank.group().startswith("_"):
        return _BANNER.match(text, line) is None
    before = text[max(line, blank.start() - _LOOK_BACK) : blank.start()]
    after = text[blank.end() : blank.end() + _LOOK_BACK]
    if _NAME_FOLLOWS.match(after):
        return False
    if _HIDES.search(before):
        return False
    if _AFTER_LABEL.search(before):
        return not after.split("\n")[0].strip(" .,;")
    return bool(_UNIT.match(after) or _BEFORE_VALUE.search(before))


def ticked(text: str, start: int, end: int) -> Iterator[Ticked]:
    """What the boxes of a line say; nothing for those left empty. Words before the first box are their label."""
    boxes = [*BOX.finditer(text, start, end)]
    if stand_behind(text, start, end):
        for before, box in zip([start, *(each.end() for each in boxes)], boxes, strict=False):
            if _is_ticked(box):
                yield Ticked(before, before, before, box.start())
        return
    label = boxes[0].start() if text[start : boxes[0].start()].strip() else start
    for box, stop in zip(boxes, [*(each.start() for each in boxes[1:]), end], strict=True):
        if _is_ticked(box):
            yield Ticked(start if label > start else box.end(), label, box.end(), stop)


def first_box(text: str, start: int, end: int) -> int:
    """Where the first box stands; `end` without one."""
    box = BOX.search(text, start, end)
    return box.start() if box else end


def labels(text: str, start: int, end: int) -> bool:
    """Whether the words before the line's first box are a label that its boxes answer."""
    first = BOX.search(text, start, end)
    head = text[start : first.start()].rstrip() if first else ""
    if first is None or not head.strip():
        return False
    return head.endswith((":", "?", "-")) or _ANSWER.match(text[first.end() : end].lstrip()) is not None


def stand_behind(text: str, start: int, end: int) -> bool:
    """ "Pneumothorax [x]  Effusion [ ]": each box after its words."""
    boxes = [*BOX.finditer(text, start, end)]
    before = boxes and text[start : boxes[0].start()].strip(" \t\n-*•")
    return bool(before) and not text[boxes[-1].end() : end].strip(" .,;")


def _is_ticked(box: re.Match[str]) -> bool:
    return box.group().strip("[]() \t") in _TICKS
