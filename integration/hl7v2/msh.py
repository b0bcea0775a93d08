"""The message header on raw bytes, without a library: what the answer needs, and nothing more.

Never raises and never looks past the header segment, so that it is safe and quick on the path to the ACK.
Field numbers are those of HL7 v2.8 §2.14.9 (MSH), §2.14.2 (BHS) and §2.14.6 (FHS).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from integration.canonical import Processing

STANDARD_ENCODING = "^~\\&"
# Wide enough for every real id, and small enough for a database index.
LONGEST_VALUE = 200
NO_MESSAGE = "the batch holds no MSH segment"
_LONGEST_SEGMENT = 64 * 1024
# Headers up to this many bytes are remembered but for their time and control id; longer ones would take memory.
_LONGEST_REMEMBERED = 1024

_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_LEADING = re.compile(rb"[\x00-\x20\xef\xbb\xbf]*")
# What programs put before a segment's name.
PADDING = b"\x00\t\x0b\x0c \xef\xbb\xbf"
_TYPE = re.compile(r"[A-Z][A-Z0-9]{2}(\^[A-Z0-9]{3})?")
_LINE_END = re.compile(rb"[\r\n]")


class Header(NamedTuple):
    """MSH as sent. Text values are decoded, free of NUL and at most 200 characters; `fields` are raw bytes,
    at least up to MSH-18.

    `control_id` is MSH-10 (of a batch BHS-11, FHS-11 or the first MSH-10), "" when it cannot be recovered.
    `problems` names field and fault, never a value.
    """

    fields: tuple[bytes, ...]
    time: str
    control_id: str
    raw_control_id: bytes
    is_batch: bool
    problems: tuple[str, ...]
    field_separator: str
    encoding: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    code: str
    trigger: str
    structure: str
    processing_id: str
    version: str
    accept_ack: str
    application_ack: str
    charset: str

    @property
    def message_type(self) -> str:
        """MSH-9.1 and MSH-9.2 in the usual writing: "ORU^R01"."""
        return f"{self.code}^{self.trigger}" if self.trigger else self.code

    @property
    def kind(self) -> str:
        """The message type for use in a reason; words that are no type could be anybody's and are not repeated."""
        return self.message_type if _TYPE.fullmatch(self.message_type) else "a message of no known type"

    @property
    def application(self) -> str:
        """MSH-3.1, the namespace of the sending application."""
        return self._first(self.sending_application)

    @property
    def facility(self) -> str:
        """MSH-4.1, the namespace of the sending facility."""
        return self._first(self.sending_facility)

    @property
    def enhanced(self) -> bool:
        """Whether the enhanced acknowledgement mode is asked for (HL7 v2.8 §2.9.2)."""
        return bool(self.accept_ack or self.application_ack)

    @property
    def processing(self) -> Processing:
        """MSH-11: training and debugging by their first letter; everything else is taken for real."""
        mark = self.processing_id[:1].upper()
        return Processing(mark) if mark in ("T", "D") else Processing.PRODUCTION

    def raw(self, number: int) -> bytes:
        """MSH-`number` as sent (from 3 on), b"" when absent."""
        return self.fields[number - 1] if number <= len(self.fields) else b""

    def _first(self, value: str) -> str:
        return value.split(self.encoding[:1] or "^", 1)[0].strip()


def is_echo(header: Header, application: str, facility: str) -> bool:
    """Whether MSH-3/4 are our own: a message of ours that came back."""
    return (header.application, header.facility) == (application, facility)


def segment_starts(data: bytes, name: bytes) -> Iterator[int]:
    """Offsets at which a segment of that name begins: at the start of the data or of a line."""
    leading = _LEADING.match(data)
    first = leading.end() if leading else 0
    offset = data.find(name)
    while offset >= 0:
        if _separator(data, offset) and (offset == first or _begins_line(data, offset)):
            yield offset
        offset = data.find(name, offset + len(name))


def _separator(data: bytes, offset: int) -> bytes:
    """The field separator of the header segment at `offset`, b"" if no character there can be one."""
    byte = data[offset + 3 : offset + 4]
    return b"" if not byte or byte.isalnum() or byte in b"\r\n" else byte


def _begins_line(data: bytes, offset: int) -> bool:
    return data[max(0, offset - 16) : offset].rstrip(PADDING)[-1:] in (b"\r", b"\n")


def read_header(body: bytes) -> Header | None:
    """The header of one frame's body, or None when it has no MSH segment (and is no batch)."""
    if body.startswith(b"MSH") and body.find(b"MSH", 3) < 0 and _separator(body, 0):
        return _read(_segment(body, 0), (), is_batch=False)
    data = _single_byte(body)
    leading = _LEADING.match(data)
    offset = leading.end() if leading else 0
    messages = list(islice(segment_starts(data, b"MSH"), 2))
    if data[offset : offset + 3] in (b"FHS", b"BHS") and _separator(data, offset):
        return _batch(data, offset, messages)
    if not messages:
        return None
    problems = ("there are bytes before the MSH segment",) if messages[0] > offset else ()
    return _read(_segment(data, messages[0]), problems, is_batch=len(messages) > 1)


def _batch(data: bytes, offset: int, messages: list[int]) -> Header:
    """A batch is answered once; its own control id is the one its sender knows it by."""
    outer = _segment(data, offset)
    batch = next(segment_starts(data, b"BHS"), None)
    inner = _segment(data, batch) if batch is not None else []
    first = _segment(data, messages[0]) if messages else []
    control = _value(inner, 11) or _value(outer, 11) or _value(first, 10)
    problems = () if first else (NO_MESSAGE,)
    return _read(first or outer[:8], problems, is_batch=True, control_id=control)


def _read(fields: list[bytes], problems: tuple[str, ...], *, is_batch: bool, control_id: bytes | None = None) -> Header:
    fields = fields + [b""] * (18 - len(fields))
    # What one feed's messages of one type have in common: MSH-1 to 6, 9, 11, 12, 15, 16, 18.
    same = (*fields[:6], fields[8], fields[10], fields[11], fields[14], fields[15], fields[17])
    standing = _remembered(*same) if len(b"".join(same)) <= _LONGEST_REMEMBERED else _standing(*same)
    control = fields[9].strip() if control_id is None else control_id
    odd = problems + _problems(standing[1], standing[6], control)
    return Header(tuple(fields[:25]), _text(fields[6]), _text(control), control, is_batch, odd, *standing)


_Standing = tuple[str, str, str, str, str, str, str, str, str, str, str, str, str, str]


def _standing(separator: bytes, encoding: bytes, *values: bytes) -> _Standing:
    """The last fields of `Header`, from `field_separator` on."""
    sender, facility, receiver, place, kind, processing, version, accept, applied, charset = map(bytes.strip, values)
    code, trigger, structure = ([_text(part) for part in kind.split(encoding[:1] or b"^")] + ["", ""])[:3]
    return (
        separator.decode("latin-1"),
        encoding.decode("latin-1"),
        _text(sender),
        _text(facility),
        _text(receiver),
        _text(place),
        code.upper(),
        trigger.upper(),
        structure.upper(),
        _text(processing),
        _text(version),
        _text(accept).upper(),
        _text(applied).upper(),
        _text(charset),
    )


_remembered = lru_cache(maxsize=1024)(_standing)


def _problems(encoding: str, code: str, control: bytes) -> tuple[str, ...]:
    if len(encoding) in (4, 5) and code and 0 < len(control) <= LONGEST_VALUE:
        return ()
    faults = (
        (len(encoding) not in (4, 5), "MSH-2 does not name four or five encoding characters"),
        (not code, "MSH-9 message type is missing"),
        (not control, "MSH-10 message control id is missing"),
        (len(control) > LONGEST_VALUE, f"MSH-10 is longer than {LONGEST_VALUE} bytes"),
    )
    return tuple([words for found, words in faults if found])


def _single_byte(body: bytes) -> bytes:
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body.decode(codec, "replace").encode()
    return body


def _segment(data: bytes, start: int) -> list[bytes]:
    """The fields of the header segment at `start`, numbered so that index n - 1 is field n."""
    end = _LINE_END.search(data, start, start + _LONGEST_SEGMENT)
    line = data[start : end.start() if end else start + _LONGEST_SEGMENT]
    separator = line[3:4]
    return [separator, *line[4:].split(separator)]


def _value(fields: list[bytes], number: int) -> bytes:
    return fields[number - 1].strip() if number <= len(fields) else b""


def _text(value: bytes) -> str:
    """Decoded, without NUL; a value too long for an index keeps its head and its hash."""
    if not value:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    text = text.replace("\x00", "").strip()
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:120]}…{hashlib.sha256(value).hexdigest()}"
