"""A stored message as segments and fields, as sent; line ends and odd MSH-2 values are settled first."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from integration.hl7v2.charset import Decoded
from integration.hl7v2.escapes import Marks
from integration.hl7v2.msh import Header

# The explicit null (HL7 v2.8 §2.5.3): what was valued before is to be empty.
NULL = '""'
_SEGMENT_NAME = r"[A-Z][A-Z0-9]{2}"
# Names that senders write with blanks around them or in small letters; any word could stand before a separator.
_KNOWN_NAMES = """ADD CON CTD CTI DG1 DSC EVN FT1 IPC MSA NK1 NTE OBR OBX ORC PD1 PID PRT PV1 PV2 SFT SPM TQ1 TXA ZDS"""
_LENIENT_NAME = rf"(?:{_KNOWN_NAMES.replace(' ', '|')})[ \t]*"
_AROUND = " \t\r\n\v\f\0\ufeff"
_HEADERS = frozenset({"MSH", "FHS", "BHS"})


class Unreadable(ValueError):
    """The message cannot be taken apart; the reason names place and fault, never a value."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; fields are numbered as in the standard and are "" when absent.

    `number` counts from 1 among the message's segments of that name; `odd` says what was mended when it was read.
    """

    name: str
    fields: tuple[str, ...]
    marks: Marks
    codec: str = "utf-8"
    number: int = 1
    odd: str = ""

    @property
    def place(self) -> str:
        """Where it stands in the message: "OBX 3"."""
        return f"{self.name} {self.number}"

    def raw(self, number: int) -> str:
        """The field as sent, escapes and repetitions included."""
        return self.fields[number] if number < len(self.fields) else ""

    def repeats(self, number: int) -> list[Parts]:
        """The valued repetitions of a field."""
        pieces = self.raw(number).split(self.marks.repetition)
        return [Parts(piece, self.marks, self.codec) for piece in pieces if piece.strip()]

    def parts(self, number: int) -> Parts:
        """The first repetition of a field that says anything, or an empty one: `""` and `""^^^HOSP` say nothing."""
        raw = self.raw(number)
        if self.marks.repetition not in raw:
            return Parts(raw if raw.strip() else "", self.marks, self.codec)
        found = self.repeats(number)
        return next(
            (parts for parts in found if parts.value()), found[0] if found else Parts("", self.marks, self.codec)
        )

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
    text = _settled(decoded.text.replace("\0", ""), header, marks)
    lines = (line.split(marks.field) for line in text.split("\r"))
    counts: Counter[str] = Counter()
    return [_segment(fields, marks, decoded.codec, counts) for fields in lines if fields[0].strip()]


def _segment(fields: list[str], marks: Marks, codec: str, counts: Counter[str]) -> Segment:
    """In header segments the separator itself is field 1 (HL7 v2.8 §2.14.9.1)."""
    name = fields[0].strip().upper()
    if name in _HEADERS:
        fields.insert(1, marks.field)
    counts[name] += 1
    odd = "" if name == fields[0] else "blanks or small letters in the segment's name"
    return Segment(name, (name, *fields[1:]), marks, codec, counts[name], odd)


def numbered(segments: list[Segment]) -> list[Segment]:
    """The segments of several messages, counted as those of one."""
    counts: Counter[str] = Counter()
    counts_of = []
    for segment in segments:
        counts[segment.name] += 1
        counts_of.append(replace(segment, number=counts[segment.name]))
    return counts_of


def with_fields(segment: Segment, fields: tuple[str, ...], odd: str) -> Segment:
    """The segment with mended fields."""
    return replace(segment, fields=fields, odd=odd)


def _marks(header: Header) -> Marks:
    """MSH-2 where it is usable. Some programs lose the backslash: then `^~&` is what is left of it."""
    given = header.encoding
    if len(given) == 3 and given[2] == "&":
        given = f"{given[:2]}\\&"
    chars = (given + "^~\\&"[len(given) :])[:4]
    usable = len({*chars, header.field_separator}) == 5
    component, repetition, escape, subcomponent = [*(chars if usable else "^~\\&")]
    return Marks(component, repetition, escape, subcomponent, header.field_separator, given[4:5] or "#")


def _settled(text: str, header: Header, marks: Marks) -> str:
    """The text from MSH on, one segment a CR, with the encoding characters that are really in use.

    A line that does not begin with a segment name and a separator is the rest of a field that holds a line
    end. It is joined to the field it belongs to.
    """
    separator = re.escape(header.field_separator)
    start = re.search(rf"(?:\A|[\r\n])[^A-Za-z0-9\r\n]*(MSH{separator})", text)
    if start is None:
        raise Unreadable("MSH: no message header in the decoded text")
    begins = re.compile(rf"[ \t\v\f\0\ufeff]{{0,16}}(?:{_SEGMENT_NAME}|(?i:{_LENIENT_NAME})){separator}")
    lines = _joined_lines(re.split(r"\r\n|\r|\n", text[start.start(1) :]), begins)
    own = marks.component + marks.repetition + marks.escape + marks.subcomponent
    rest = lines[0][4:].partition(header.field_separator)[2]
    lines[0] = f"MSH{header.field_separator}{own}{header.field_separator}{rest}"
    return "\r".join(line.strip(_AROUND) for line in lines)


def _joined_lines(lines: list[str], begins: re.Pattern[str]) -> list[str]:
    """Each line that begins a segment with those behind it that begin none."""
    starts = [at for at, line in enumerate(lines) if at == 0 or begins.match(line)]
    return ["\n".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
