"""What each kind of message becomes, counted over a corpus: a part of docs/hl7-corpus.md.

A kind is told by what stands in the message's segments. No text, name or value of a message goes into the table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from integration.content import is_markup
from integration.hl7v2.charset import codec_of, decode
from integration.hl7v2.merges import is_merge, read_merges
from integration.hl7v2.msh import Header, read_header
from integration.hl7v2.parts import split
from integration.hl7v2.report import Understood, read_reports
from integration.hl7v2.segments import Segment, Unreadable, read_segments
from integration.hl7v2.senders import SenderMap
from integration.reasons import kind_of_reason

Kind = Callable[[Header, list[Segment]], bool]
TEXT_TYPES = frozenset({"TX", "FT", "ST"})
DATA_TYPES = frozenset({"", "CE", "CWE", "NM", "SN", "RP", "TS", "DT", "TM", "DTM", "ED", "CX", "XCN", "XPN", "EI"})
MOST_NOTES = 2


def has(name: str, test: Callable[[Segment], bool] = lambda _: True) -> Kind:
    """Whether there is such a segment."""
    return lambda _, segments: any(segment.name == name and test(segment) for segment in segments)


def every(name: str, test: Callable[[Segment], bool]) -> Kind:
    """Whether there are such segments, and all are so."""
    return lambda _, segments: bool(found := [each for each in segments if each.name == name]) and all(map(test, found))


KINDS: dict[str, Kind] = {
    "text in TX, FT or ST": has("OBX", lambda each: each.value(2).upper() in TEXT_TYPES),
    "a document in ED": has("OBX", lambda each: each.value(2).upper() == "ED"),
    "HTML or CDA for text": has("OBX", lambda each: is_markup(each.raw(5))),
    "OBX-2 of no known type": has("OBX", lambda each: each.value(2).upper() not in TEXT_TYPES | DATA_TYPES),
    "codes and measurements alone": every("OBX", lambda each: each.value(2).upper() in ("NM", "SN", "CE", "CWE")),
    "notes (NTE)": has("NTE"),
    "a field that goes on (ADD)": has("ADD"),
    "a message that goes on, or continues one (DSC, MSH-14)": lambda _, segments: any(
        each.name == "DSC" or (each.name == "MSH" and each.value(14)) for each in segments
    ),
    "several exams (OBR)": lambda _, segments: sum(each.name == "OBR" for each in segments) > 1,
    "no exam named (OBR-4)": has("OBR", lambda each: not each.value(4)),
    "no OBR": lambda _, segments: not any(each.name == "OBR" for each in segments),
    "a document's header (TXA)": has("TXA"),
    "a document that is not available (TXA-19)": has("TXA", lambda each: each.value(19) not in ("", "AV")),
    "training or debugging (MSH-11)": lambda header, _: header.processing_id in ("T", "D"),
    "a character set that is not known (MSH-18)": lambda header, _: (
        bool(header.charset) and codec_of(header.charset) is None
    ),
    "bytes in escapes (\\X..\\)": has("OBX", lambda each: bool(re.search(r"\\X[0-9A-F]", each.raw(5)))),
    "several numbers of a patient": has("PID", lambda each: "~" in each.raw(3)),
    "retracted or deleted lines (OBX-11 X, D)": has("OBX", lambda each: each.value(11) in ("X", "D")),
    "segments of a site's own (Z..)": lambda _, segments: any(each.name.startswith("Z") for each in segments),
    "a patient merge": lambda header, _: is_merge(header),
    "another message than a report (ADT, ORM …)": lambda header, _: header.code not in ("ORU", "MDM", ""),
}


def table(files: Iterable[Path]) -> list[str]:
    """A row a kind: messages, what became of them, and what is most often said of them beside their text."""
    known = [found for path in files if (found := _known(path.read_bytes()))]
    head = "kind", "messages", "read", "ignored", "quarantined", "said beside it, most often"
    rows = (_row(name, kind, known) for name, kind in KINDS.items())
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *filter(None, rows)]


Known = tuple[Header, list[Segment], Understood]


def _known(body: bytes) -> Known | None:
    """A message with what was understood of it; of a batch the first. None for what is no message."""
    first = next(iter(split(body)), None)
    message = first.body if first else body
    header = read_header(message)
    if header is None:
        return None
    try:
        segments = read_segments(decode(message, header.charset), header)
    except Unreadable:
        return None
    return header, segments, _understood(message, header)


def _understood(message: bytes, header: Header) -> Understood:
    if not is_merge(header):
        return read_reports(message, "corpus", SenderMap())
    merges = read_merges(message, SenderMap())
    return Understood(ignored=merges.ignored, quarantined=merges.quarantined)


def _row(name: str, kind: Kind, known: list[Known]) -> str:
    """ "" where there is no message of the kind."""
    found = [understood for header, segments, understood in known if kind(header, segments)]
    quarantined = sum(bool(each.quarantined) and not each.reports for each in found)
    ignored = sum(bool(each.ignored) for each in found)
    said = Counter(words for each in found for words in dict.fromkeys(map(_plain, [*each.notes, each.quarantined])))
    del said[""]
    beside = "; ".join(words.replace("|", "\\|") for words, _ in said.most_common(MOST_NOTES))
    row = (name, len(found), len(found) - quarantined - ignored, ignored, quarantined, beside)
    return f"| {' | '.join(map(str, row))} |" if found else ""


def _plain(words: str) -> str:
    """What was said without its numbers; lists of fields that nobody reads are as many as messages."""
    return "fields that are not read" if words.startswith("not read") else kind_of_reason(words).removeprefix(": ")
