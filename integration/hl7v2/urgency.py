"""How urgent a message is, from its raw bytes: what the queue needs before the message is understood.

Never raises. Looks at the first 256 KiB only, and takes the most urgent that any order of the message says; the
fields are those `order.read_order` reads (HL7 v2.8 §4.5.3.5 OBR-5, §4.5.4.9 TQ1-9, OBR-27 and ORC-7 as TQ.6).
"""

from __future__ import annotations

from collections.abc import Iterator

from integration.canonical import Priority
from integration.hl7v2.msh import PADDING, Header

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
# Splits off every field that is looked at.
_FURTHEST = 28
# Segment → (field, component), numbered from 1.
_PLACES = {b"OBR": ((5, 1), (27, 6), (27, 8)), b"TQ1": ((9, 1),), b"ORC": ((7, 6),)}


def urgency(body: bytes, header: Header | None) -> Priority:
    """The most urgent priority a message states; routine where it states none that is known."""
    if header is None or not header.field_separator:
        return Priority.ROUTINE
    separator, encoding = header.field_separator.encode("latin-1"), header.encoding.encode("latin-1")
    words = _words(body[:_LOOKED_AT], separator, encoding[:1] or b"^", encoding[1:2] or b"~")
    return min((PRIORITIES.get(word, Priority.ROUTINE) for word in words if word), default=Priority.ROUTINE)


def _words(body: bytes, separator: bytes, component: bytes, repetition: bytes) -> Iterator[str]:
    for line in body.replace(b"\n", b"\r").split(b"\r"):
        places = _PLACES.get(line.lstrip(PADDING)[:3])
        if places is None:
            continue
        name, *fields = line.split(separator, _FURTHEST)
        if len(name.lstrip(PADDING)) != 3:
            continue
        for number, part in places:
            if number <= len(fields) and fields[number - 1]:
                parts = fields[number - 1].split(repetition, 1)[0].split(component)
                yield parts[part - 1].strip().decode("latin-1").upper() if part <= len(parts) else ""
