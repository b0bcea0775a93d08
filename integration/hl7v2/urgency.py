"""How urgent a message is, from its raw bytes: what the queue needs before the message is understood.

Never raises. Looks at the first 256 KiB only, and takes the most urgent that any order of the message says; the
fields are those `order.read_order` reads (HL7 v2.8 §4.5.3.5 OBR-5, §4.5.4.9 TQ1-9, OBR-27 and ORC-7 as TQ.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from integration.canonical import Priority
from integration.hl7v2.msh import Header, segment_starts

# HL7 tables 0027 and 0485, and the words senders really write.
PRIORITIES = {
    "S": Priority.STAT,
    "STAT": Priority.STAT,
    "A": Priority.STAT,
    "ASAP": Priority.STAT,
    "U": Priority.URGENT,
    "URGENT": Priority.URGENT,
    "P": Priority.URGENT,
}
_LOOKED_AT = 256 * 1024
_LINE_END = re.compile(rb"[\r\n]")
# Segment → (field, component), numbered from 1.
_PLACES = {b"OBR": ((5, 1), (27, 6), (27, 8)), b"TQ1": ((9, 1),), b"ORC": ((7, 6),)}


def urgency(body: bytes, header: Header | None) -> Priority:
    """The most urgent priority a message states; routine where it states none that is known."""
    if header is None or not header.field_separator:
        return Priority.ROUTINE
    separator, encoding = header.field_separator.encode("latin-1"), header.encoding.encode("latin-1")
    words = _words(body[:_LOOKED_AT], separator, encoding[:1] or b"^", encoding[1:2] or b"~")
    return min((PRIORITIES.get(word, Priority.ROUTINE) for word in words), default=Priority.ROUTINE)


def _words(body: bytes, separator: bytes, component: bytes, repetition: bytes) -> Iterator[str]:
    for name, places in _PLACES.items():
        for start in segment_starts(body, name):
            end = _LINE_END.search(body, start)
            fields = body[start : end.start() if end else len(body)].split(separator)
            for number, part in places:
                value = fields[number].split(repetition, 1)[0] if number < len(fields) else b""
                parts = value.split(component)
                if part <= len(parts):
                    yield parts[part - 1].strip().decode("latin-1").upper()
