"""A message laid out for a person: segment by segment, field by field, as it was sent."""

from __future__ import annotations

from collections.abc import Iterator

from integration.hl7v2.charset import decode
from integration.hl7v2.msh import read_header
from integration.hl7v2.segments import Unreadable, read_segments


def lay_out(body: bytes) -> Iterator[tuple[str, str]]:
    """(place, text) of every valued field, escapes left as sent: ("PID-3", "42^^^HOSP").

    Of a message that cannot be taken apart its lines, numbered: ("line 1", …).
    """
    header = read_header(body)
    try:
        segments = read_segments(decode(body, header.charset), header) if header else []
    except Unreadable:
        segments = []
    if not segments:
        yield from ((f"line {number}", line) for number, line in enumerate(decode(body).text.splitlines(), 1))
    for segment in segments:
        first = 1 if segment.name != "MSH" else 2
        for number in range(first, len(segment.fields)):
            if segment.raw(number):
                yield f"{segment.name}-{number}", segment.raw(number)
