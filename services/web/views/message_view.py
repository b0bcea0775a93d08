"""A message as a person may see it: laid out with names, decoded, compared; a patient's words need a reader's role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from integration.canonical import Door
from integration.hl7v2.comparison import Row, compared
from integration.hl7v2.layout import LONGEST, Field, as_sent, lay_out
from services.domain.messages import Message
from services.domain.people import Person

MAY_READ = ("reviewer", "signer", "auditor", "administrator")
# What an operator needs to mend a sender's map; no patient is named there.
PLAIN = frozenset({"OBR-4", "OBR-24", "OBR-25", "OBX-1", "OBX-2", "OBX-3", "OBX-11", "TXA-1", "TXA-2", "TXA-17"})


def fields(row: Message, person: Person) -> list[Field]:
    """Field by field; of a patient's fields their length alone, where the person may not read reports."""
    open_to_all = person.may(*MAY_READ)
    return [each if open_to_all or _plain(each) else _masked(each) for each in _laid_out(row)]


def raw(row: Message) -> str:
    """The bytes as text, segments as lines, for those who may read them; of a long message its beginning."""
    body = bytes(row.body or b"")
    text = as_sent(body) if row.door == Door.HL7.value else body.decode(errors="replace")
    return text[:LONGEST]


def answer(row: Message) -> str:
    """What was answered, segments as lines, without the frame around it."""
    return as_sent(bytes(row.ack or b"").strip(b"\x0b\x1c\r")).strip() if row.ack else ""


def side_by_side(left: Message, right: Message, person: Person) -> list[Row]:
    """Two messages field by field. Of a patient's fields an operator alone sees that they differ, and lengths."""
    rows = compared(_laid_out(left), _laid_out(right))
    return rows if person.may(*MAY_READ) else [_masked_row(row) for row in rows]


def _plain(each: Field) -> bool:
    return each.place in PLAIN or each.place.startswith("MSH-")


def _masked(each: Field) -> Field:
    return replace(each, value=_length(each.value), reads="")


def _masked_row(row: Row) -> Row:
    if row.place in PLAIN or row.place.startswith("MSH-"):
        return row
    left, right = _length(row.left), _length(row.right)
    return replace(row, left=left, right=f"{right} (other ones)" if row.differs and left == right else right)


def _length(words: str) -> str:
    return f"… {len(words)} characters" if words else ""


def _laid_out(row: Message) -> Iterator[Field]:
    body = bytes(row.body or b"")
    if not body:
        return iter((Field("", "–", "", "", "its bytes were purged" if row.bytes else "no bytes"),))
    if row.door == Door.HL7.value:
        return lay_out(body)
    lines = json.dumps(json.loads(body), indent=1, ensure_ascii=False).splitlines()
    return (Field("", f"line {number}", "", "", line) for number, line in enumerate(lines, 1))
