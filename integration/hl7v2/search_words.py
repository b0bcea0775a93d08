"""What a message can be found by: names, numbers and exams from where the standard has them, understood or not."""

from __future__ import annotations

from integration.hl7v2.charset import decode
from integration.hl7v2.msh import read_header
from integration.hl7v2.segments import Segment, Unreadable, read_segments

Word = tuple[str, str]
"""A letter that says what it is ("n" name, "i" patient's identifier, "a" order number, "e" exam), and the words."""
_PLACES = {
    "PID": (("n", 5), ("n", 9), ("i", 2), ("i", 3), ("i", 4), ("i", 18), ("i", 19)),
    "MRG": (("n", 7), ("i", 1), ("i", 2), ("i", 3), ("i", 4)),
    "ORC": (("a", 2), ("a", 3)),
    "OBR": (("a", 2), ("a", 3), ("a", 18), ("a", 19), ("e", 4), ("e", 44)),
    "PV1": (("i", 19),),
    "TXA": (("a", 12), ("a", 14), ("a", 15)),
}
_READ = 256 * 1024
_MOST_WORDS = 100
_LONGEST = 300
LONGEST_TEXT = 20_000


def words_of(body: bytes) -> list[Word]:
    """The first hundred different ones of a message; of one that cannot be taken apart none."""
    found = {
        (letter, _plain(segment, place)): None
        for segment in _segments(body)
        for letter, place in _PLACES.get(segment.name, ())
    }
    return [(letter, words) for letter, words in found if words][:_MOST_WORDS]


def text_of(body: bytes) -> str:
    """The words of OBX-5 and NTE-3 as lines; of a message that cannot be taken apart all of it."""
    segments = _segments(body)
    lines = [each.text({"OBX": 5, "NTE": 3}[each.name]) for each in segments if each.name in ("OBX", "NTE")]
    return ("\n".join(lines) if segments else decode(body[:_READ]).text)[:LONGEST_TEXT]


def _segments(body: bytes) -> list[Segment]:
    """Of a long message its beginning, where orders and patients stand."""
    header = read_header(body)
    if header is None:
        return []
    try:
        return read_segments(decode(body[:_READ], header.charset), header)
    except Unreadable:
        return []


def _plain(segment: Segment, number: int) -> str:
    """Components and repetitions as words: "MUÑOZ ANA MARIA"."""
    marks = segment.marks
    raw = segment.raw(number)
    for mark in (marks.component, marks.repetition, marks.subcomponent):
        raw = raw.replace(mark, " ")
    return " ".join(marks.decode(raw, segment.codec).split())[:_LONGEST]
