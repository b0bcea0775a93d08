"""A stored message as segments and fields. Tokenised by `hl7`; line ends and odd MSH-2 values are settled first."""

from __future__ import annotations

import re
from dataclasses import dataclass

import hl7

from integration.hl7v2.charset import Decoded
from integration.hl7v2.escapes import Marks
from integration.hl7v2.msh import Header

_SEGMENT_NAME = r"[A-Z][A-Z0-9]{2}"
# Given to `hl7` in place of MSH-2, so that it leaves the fields whole: Parts takes apart those that are asked for.
_NO_MARKS = "\x01\x02\x03\x04"


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
        raw = self.raw(number)
        pieces = raw.split(self.marks.repetition) if raw else []
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
        return "" if decoded == '""' else decoded

    def whole(self, component: int) -> str:
        """A component as decoded text, subcomponent marks kept as the characters they are."""
        return self.marks.decode(self.component(component), self.codec)


def read_segments(decoded: Decoded, header: Header) -> list[Segment]:
    """The segments of one message from its MSH on. Raises Unreadable."""
    marks = _marks(header)
    text = _settled(decoded.text, header)
    try:
        parsed = hl7.parse(text)
    except Exception as error:
        raise Unreadable(f"MSH: the message cannot be taken apart ({type(error).__name__})") from None
    return [
        Segment(str(segment[0]), tuple(str(field) for field in segment), marks, decoded.codec)
        for segment in parsed
        if len(segment) and str(segment[0]).strip()
    ]


def _marks(header: Header) -> Marks:
    """MSH-2 where it is usable. Some programs lose the backslash: then `^~&` is what is left of it."""
    given = header.encoding
    if len(given) == 3 and given[2] == "&":
        given = f"{given[:2]}\\&"
    chars = (given + "^~\\&"[len(given) :])[:4]
    usable = len({*chars, header.field_separator}) == 5
    component, repetition, escape, subcomponent = [*(chars if usable else "^~\\&")]
    return Marks(component, repetition, escape, subcomponent, header.field_separator)


def _settled(text: str, header: Header) -> str:
    """The text from MSH on, one segment a CR.

    A line that does not begin with a segment name and a separator is the rest of a field that holds a line
    end. It is joined to the field it belongs to.
    """
    separator = re.escape(header.field_separator)
    start = re.search(rf"(?:\A|[\r\n])[^A-Za-z0-9\r\n]*(MSH{separator})", text)
    if start is None:
        raise Unreadable("MSH: no message header in the decoded text")
    lines = re.split(rf"[\r\n]+(?=[ \t]*{_SEGMENT_NAME}{separator})", text[start.start(1) :])
    rest = lines[0][4:].partition(header.field_separator)[2]
    lines[0] = f"MSH{header.field_separator}{_NO_MARKS}{header.field_separator}{rest}"
    return "\r".join(re.sub(r"\r\n?", "\n", line.strip()) for line in lines)
