"""Line ends that only wrap the text, told from those that were meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from services.reading.rules.heading_names import named
from services.reading.rules.wordset import wordset

MARKER = re.compile(r"\s*(?:\(?\d{1,2}[.)](?!\d)|\(?[a-hA-H][.)](?=\s)|[-–•*·►>+](?=\s|[A-Z]))\s*")
LABEL = re.compile(
    r"(?P<label>[A-Z(][^:.;\n!?]{0,60}?|[a-z][a-z /&,-]{1,40}?)[ \t]*:(?=\s|[A-Z]|$)"
    r"|(?P<level>[CTLS]\d{1,2} ?[-–/] ?[CTLS]?\d{1,2})[ \t]*[-–](?=\s)"
)
LABEL_WORDS = 6
# After one of these a statement cannot end.
_OPEN = wordset(
    """a an the this these its no not without nor or and of in on at to for from with by is are was were be been than
    versus vs that which right left upper lower mild moderate severe small large tiny trace acute chronic new old
    minimal mildly moderately severely likely possible probable possibly probably evidence suggestive consistent
    compatible new any other between within into near along represent representing suggest suggesting demonstrate
    demonstrates shows show reveals has have had measures measuring approximately superimposed diffuse nondisplaced
    displaced comminuted bibasilar bibasal extensive patchy simple complex due secondary negative mm cm dr"""
)
_ADJECTIVAL = re.compile(r"[a-z]{3,}(?:al|ic|ary|ous|oid|eal|ular|ive)\Z")
_ENDS_NORMALLY = wordset(
    """normal abnormal bilateral unilateral minimal interval total removal withdrawal hospital chronic negative positive
    previous obvious subsequent central stable canal bicuspid thyroid steroid mastoid sigmoid sacral hyoid clinic
    xiphoid carotid ear primary summary boundary"""
)
# Nothing new begins with one of these.
_GOING_ON = wordset(
    """or and nor of in on at to for from with by is are was were be been than that which who but measuring seen noted
    identified evident demonstrated visualized visualised suggesting suggestive consistent compatible representing due
    secondary involving extending within versus vs"""
)
# The second half of an organ's name; never a label alone.
_HALF_A_NAME = wordset(
    """tree lobe lobes tissue tissues duct ducts fossa structures silhouette space spaces cavity tract system canal cord
    wall"""
)
_STOPPED = re.compile(r"[.!?:;][\s\"')\]*_]*\Z")
_PLAIN_NAME = re.compile(
    r"(?:findings?|impressions?|conclusions?|indications?|history|techniques?|comparisons?|opinion|recommendations?)\Z",
    re.IGNORECASE,
)
_STOP_WITHIN = re.compile(r"[a-zA-Z)]{2}[.] +[A-Za-z]")
_WORD = re.compile(r"[^\W_]+")
_SLACK = 2
_LONGEST = 133
_NARROWEST = 40
_SHORT = 4


class Line(NamedTuple):
    """A line at [start, end) of the text, white space at its end left out; `width`: of the longest around it."""

    start: int
    end: int
    text: str


@lru_cache(maxsize=4)
def wraps(text: str) -> frozenset[int]:
    """Offsets of the line ends that only wrap."""
    if "\n" not in text:
        return frozenset()
    widest = 0
    runs = [*_runs(text)]
    for run in runs:
        widest = max(widest, *(len(line.text) for line in run))
    return frozenset(at for run in runs for at in _soft(run, widest))


def _runs(text: str) -> Iterator[list[Line]]:
    """Lines with no empty one between them."""
    run: list[Line] = []
    start = 0
    for raw in text.split("\n"):
        line = Line(start, start + len(raw), raw.rstrip())
        start += len(raw) + 1
        if line.text.strip():
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _soft(run: list[Line], widest: int) -> Iterator[int]:
    width = max(len(line.text) for line in run)
    stopped = _STOPPED.search(run[-1].text) is not None
    flowing = stopped and any(_STOP_WITHIN.search(line.text) for line in run)
    headed = [_is_heading(run, place) for place in range(len(run))]
    for place, (line, following) in enumerate(pairwise(run)):
        if headed[place] or headed[place + 1]:
            continue
        if _is_soft(
            line.text,
            following.text.strip(),
            width if stopped else widest,
            stopped=stopped,
            flowing=flowing,
        ):
            yield line.end


def _is_heading(run: list[Line], place: int) -> bool:
    """A section's name alone on its line; a common word only where the line before came to its end."""
    name = run[place].text.strip(" \t*#_=-")
    if named(name) is None:
        return False
    before = run[place - 1].text if place else "."
    return _STOPPED.search(before) is not None or (_PLAIN_NAME.search(name) is not None and not is_open(before))


def _is_soft(line: str, following: str, width: int, *, stopped: bool, flowing: bool) -> bool:
    if MARKER.match(following) or (_begins_label(line, following) and not _splits_label(line, following)):
        return False
    if following[0].islower() or line.endswith((",", "/")):
        return True
    terminated = _STOPPED.search(line) is not None
    if not terminated and (is_open(line) or _word_at(following, 0) in _GOING_ON):
        return True
    capitals = line.isupper() and following.isupper()
    if not terminated and flowing and capitals:
        return True
    filled = len(line) + 1 + len(following.split(maxsplit=1)[0]) > width - _SLACK
    wide = width >= _NARROWEST or (not terminated and (flowing or (stopped and capitals)))
    return filled and wide and len(line) < _LONGEST


def _begins_label(line: str, following: str) -> bool:
    """Whether a line begins with its label, in small letters only under another that does: "heart: normal"."""
    if ":" not in following and not following[1:2].isdigit():
        return False
    label = LABEL.match(following)
    if label is None or len(label.group().split()) > LABEL_WORDS:
        return False
    return following[0].isupper() or LABEL.match(line.strip()) is not None


def _splits_label(line: str, following: str) -> bool:
    """ "GALLBLADDER AND BILIARY⏎TREE: NORMAL": the label began on the line before."""
    tail = re.split(r"[.!?:;]\s", line[-80:])[-1].split()
    if _STOPPED.search(line) or not 0 < len(tail) <= _SHORT:
        return False
    return _word_at(following, 0) in _HALF_A_NAME or tail[-1].lower() in ("and", "of", "the", "right", "left", "&")


def is_open(line: str) -> bool:
    """Whether a line breaks off before its noun: "NO", "THE RIGHT", "NO INTRAHEPATIC"."""
    word = _word_at(line, -1)
    if word in _OPEN:
        return True
    return word not in _ENDS_NORMALLY and _ADJECTIVAL.search(word) is not None and line.rstrip()[-1].isalpha()


def _word_at(line: str, place: int) -> str:
    words = _WORD.findall(line if len(line) < _LONGEST else (line[-60:] if place else line[:60]))
    return words[place].lower() if words else ""
