"""A message laid out for a person: segment by segment, field by field, as it was sent and as it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from integration.content import base64_bytes, hidden_document, kind_of
from integration.hl7v2.charset import decode
from integration.hl7v2.dictionary import field, segment_title
from integration.hl7v2.documents import encapsulated
from integration.hl7v2.msh import read_header
from integration.hl7v2.segments import Segment, Unreadable, read_segments

LONGEST = 100_000
"""Characters of a field that are shown; a document of megabytes is no reading matter."""


@dataclass(frozen=True, slots=True)
class Field:
    """A valued field: ("PID 1", "PID-3", "Patient Identifier List", "CX", "42^^^HOSP").

    `reads`: what it says decoded, where that is not what was sent; `document`: what is in it where that is a document.
    """

    segment: str
    place: str
    name: str
    datatype: str
    value: str
    reads: str = ""
    document: str = ""


def lay_out(body: bytes) -> Iterator[Field]:
    """Every valued field, escapes left as sent. Of a message that cannot be taken apart its lines ("line 1", …)."""
    header = read_header(body)
    try:
        segments = read_segments(decode(body, header.charset), header) if header else []
    except Unreadable:
        segments = []
    if not segments:
        lines = decode(body).text.splitlines()
        yield from (Field("", f"line {number}", "", "", line[:LONGEST]) for number, line in enumerate(lines, 1))
    for segment in segments:
        yield from _fields(segment)


def title(segment: str) -> str:
    """Of "OBX 3": "OBX 3 · Observation/result"."""
    said = segment_title(segment.partition(" ")[0])
    return f"{segment} · {said}" if said else segment


def as_sent(body: bytes) -> str:
    """The whole message as text, a segment a line, in the character set its bytes bear out."""
    header = read_header(body)
    text = decode(body, header.charset if header else "").text
    return text.replace("\r\n", "\r").replace("\r", "\n")


def _fields(segment: Segment) -> Iterator[Field]:
    for number in range(1 if segment.name != "MSH" else 2, len(segment.fields)):
        raw = segment.raw(number)
        if not raw:
            continue
        known = field(segment.name, number)
        answer = segment.name == "OBX" and number == 5
        datatype = segment.value(2) or known.datatype if answer else known.datatype
        reads, document = _reads(segment, number) if answer else ("", "")
        place = f"{segment.name}-{number}"
        yield Field(segment.place, place, known.name, datatype, raw[:LONGEST], reads, document)


def _reads(segment: Segment, number: int) -> tuple[str, str]:
    """OBX-5 decoded, and what document it is. A document is told by its bytes; only plain text is opened here."""
    raw = segment.raw(number)
    data = _document(segment, number)
    if data is None:
        text = segment.text(number)
        return (text[:LONGEST], "") if text != raw else ("", "")
    kind = kind_of(data)
    said = f"{kind or 'text/plain'}, {len(data):,} bytes"
    return (decode(data).text[:LONGEST], said) if kind in ("", "text/html", "application/xml") else ("", said)


def _document(segment: Segment, number: int) -> bytes | None:
    piece = encapsulated(segment.parts(number))
    if segment.value(2).upper() == "ED" and piece.data:
        if piece.encoding == "HEX":
            return _hexadecimal(piece.data)
        return base64_bytes(piece.data) if piece.encoding == "BASE64" else hidden_document(piece.data)
    return hidden_document(segment.raw(number))


def _hexadecimal(data: str) -> bytes | None:
    try:
        return bytes.fromhex("".join(data.split()))
    except ValueError:
        return None
