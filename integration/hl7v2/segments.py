"""A stored message as segments and fields, as sent; line ends and odd MSH-2 values are settled first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from integration.hl7v2.charset import Decoded
from integration.hl7v2.escapes import Marks
from integration.hl7v2.msh import Header

# The explicit null (HL7 v2.8 §2.5.3): what was valued before is to be empty.
NULL = '""'
_SEGMENT_NAME = r"[A-Z][A-Z0-9]{2}"
_HEADERS = frozenset({"MSH", "FHS", "BHS"})


class Unreadable(ValueError):
    """The message cannot be taken apart; the reason names place and fault, never a value."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; fields are numbered as in the standard and are "" when absent."""

    name: str
    fields: tuple[str, ...]
    marks: Marks
    codec: str = "utf-8"

    def raw(self, number: int) -> str:
        """The field as sent, escapes and repetitions included."""
        return self.fields[number] if number < len(self.fields) else ""

    def repeats(self, number: int) -> list[Parts]:
        """The valued repetitions of a field."""
        pieces = self.raw(number).split(self.marks.repetition)
        return [Parts(piece, self.marks, self.codec) for piece in pieces if piece.strip()]

    def parts(self, number: int) -> Parts:
        """The first valued repetition of a field, or an empty one."""
        return next(iter(self.repeats(number)), Parts("", self.marks, self.codec))

    def value(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """One decoded leaf of the first repetition, blanks at its ends removed."""
        return self.parts(number).value(component, subcomponent)

    def text(self, number: int) -> str:
        """The whole field as decoded text; repetitions are lines."""
        return self.marks.decode(self.raw(number).replace(self.marks.repetition, "\n"), self.codec)


@dataclass(frozen=True, slots=True)
class Parts:
    """One repetition, taken apart into components and subcomponents. "" and the explicit null `""` are empty."""

    raw: str
    marks: Marks
    codec: str

    def component(self, number: int) -> str:
        """A component as sent."""
        pieces = self.raw.split(self.marks.component)
        return pieces[number - 1] if number <= len(pieces) else ""

    def value(self, component: int = 1, subcomponent: int = 1) -> str:
        """One decoded leaf, blanks at its ends removed."""
        pieces = self.component(component).split(self.marks.subcomponent)
        leaf = pieces[subcomponent - 1] if subcomponent <= len(pieces) else ""
        decoded = self.marks.decode(leaf, self.codec).strip()
        return "" if decoded == NULL else decoded

    def whole(self, component: int) -> str:
        """A component as decoded text, subcomponent marks kept as the characters they are."""
        return self.marks.decode(self.component(component), self.codec)


def read_segments(decoded: Decoded, header: Header) -> list[Segment]:
    """The segments of one message from its MSH on. Raises Unreadable."""
    marks = _marks(header)
    text = _settled(decoded.text, header, marks)
    lines = (line.split(marks.field) for line in text.split("\r"))
    return [_segment(fields, marks, decoded.codec) for fields in lines if fields[0].strip()]


def _segment(fields: list[str], marks: Marks, codec: str) -> Segment:
    """In header segments the separator itself is field 1 (HL7 v2.8 §2.14.9.1)."""
    if fields[0] in _HEADERS:
        fields.insert(1, marks.field)
    return Segment(fields[0], tuple(fields), marks, codec)


def _marks(header: Header) -> Marks:
    """MSH-2 where it is usable. Some programs lose the backslash: then `^~&` is what is left of it."""
    given = header.encoding
    if len(given) == 3 and given[2] == "&":
        given = f"{given[:2]}\\&"
    chars = (given + "^~\\&"[len(given) :])[:4]
    usable = len({*chars, header.field_separator}) == 5
    component, repetition, escape, subcomponent = [*(chars if usable else "^~\\&")]
    return Marks(component, repetition, escape, subcomponent, header.field_separator)


def _settled(text: str, header: Header, marks: Marks) -> str:
    """The text from MSH on, one segment a CR, with the encoding characters that are really in use.

    A line that does not begin with a segment name and a separator is the rest of a field that holds a line
    end. It is joined to the field it belongs to.
    """
    separator = re.escape(header.field_separator)
    start = re.search(rf"(?:\A|[\r\n])[^A-Za-z0-9\r\n]*(MSH{separator})", text)
    if start is None:
        raise Unreadable("MSH: no message header in the decoded text")
    lines = re.split(rf"[\r\n]+(?=[ \t]*{_SEGMENT_NAME}{separator})", text[start.start(1) :])
    own = marks.component + marks.repetition + marks.escape + marks.subcomponent
    rest = lines[0][4:].partition(header.field_separator)[2]
    lines[0] = f"MSH{header.field_separator}{own}{header.field_separator}{rest}"
    return "\r".join(re.sub(r"\r\n?", "\n", line.strip()) for line in lines)
