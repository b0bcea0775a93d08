"""Acknowledgements: MSA and ERR for the original and the enhanced mode (HL7 v2.8 §2.9.2, §2.9.3)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache

from integration.hl7v2.msh import NO_MESSAGE, STANDARD_ENCODING, Header

_VERSION = re.compile(r"2\.\d(\.\d)?\Z")
_DEFAULT_VERSION = "2.5"


class Outcome(Enum):
    """What became of a frame: accept code (enhanced) and application code (original), HL7 table 0008."""

    STORED = ("CA", "AA")
    RETRY = ("CE", "AE")
    REJECTED = ("CR", "AR")


@dataclass(frozen=True, slots=True)
class Fault:
    """One ERR segment: table 0357 code and its words, the place ("MSH^1^10"), and what to do about it."""

    code: str
    words: str
    place: str = ""
    advice: str = ""


NO_HEADER = Fault("100", "Segment sequence error", "MSH^1", "The frame holds no MSH segment.")
NO_TYPE = Fault("101", "Required field missing", "MSH^1^9", "Send the message type in MSH-9.")
EMPTY_BATCH = Fault("100", "Segment sequence error", "MSH^1", "The batch holds no message.")
TOO_LARGE = Fault("207", "Application internal error", "", "The frame is larger than this listener takes.")
NOT_STORED = Fault("207", "Application internal error", "", "The message was not stored. Send it again.")
NOT_ALLOWED = Fault("207", "Application internal error", "MSH^1^3", "This sender is not on the allow-list.")


def refusal(header: Header | None) -> Fault | None:
    """Why this message can never be accepted, None if it can: no MSH, no MSH-9, a batch without messages."""
    if header is None:
        return NO_HEADER
    if header.is_batch:
        return EMPTY_BATCH if NO_MESSAGE in header.problems else None
    return None if header.code else NO_TYPE


def answer(
    header: Header | None,
    outcome: Outcome,
    *faults: Fault,
    application: str = "COUNTERSIGN",
    facility: str = "",
    now: datetime | None = None,
) -> tuple[bytes, ...]:
    """The answers due to a frame, in the order they go out; none where MSH-15/16 say so.

    Original mode: one answer with an application code. Enhanced mode: the accept answer as MSH-15 wishes,
    then the application answer as MSH-16 wishes. The answer's MSH-3/4 are the names it was sent to, or
    `application` and `facility` where the sender named none. An empty MSH-15 beside a valued MSH-16 still gets one
    answer: the application's if it is due, else an accept answer.
    """
    codes = codes_due(header, outcome)
    moment = now or datetime.now(UTC)
    return tuple(_message(header, code, faults, application, facility, moment) for code in codes)


def codes_due(header: Header | None, outcome: Outcome) -> tuple[str, ...]:
    """The MSA-1 codes of the answers due, in the order they go out."""
    return tuple(code for code in _due(header, outcome) if code)


def _due(header: Header | None, outcome: Outcome) -> tuple[str, ...]:
    accept, applied = outcome.value
    if header is None or not header.enhanced:
        return (applied,)
    second = applied if header.application_ack and _wanted(header.application_ack, outcome) else ""
    if header.accept_ack:
        return (accept if _wanted(header.accept_ack, outcome) else "", second)
    return (second or accept,)


def _wanted(condition: str, outcome: Outcome) -> bool:
    """HL7 table 0155: AL always, NE never, ER on error or reject, SU on success; anything else is AL."""
    stored = outcome is Outcome.STORED
    return {"NE": False, "ER": not stored, "SU": stored}.get(condition, True)


def _message(
    header: Header | None,
    code: str,
    faults: tuple[Fault, ...],
    application: str,
    facility: str,
    now: datetime,
) -> bytes:
    marks = _Marks.of(header)
    version = header.version if header and _VERSION.match(header.version) else _DEFAULT_VERSION
    segments = [_msh(header, marks, version, application, facility, now)]
    control = marks.carry(header.raw_control_id if header else b"")
    words = marks.escape(faults[0].words) if faults else b""
    segments.append(marks.join(b"MSA", code.encode(), control, words))
    segments += [_err(fault, marks, version) for fault in faults]
    return b"\r".join(segments) + b"\r"


def _msh(header: Header | None, marks: _Marks, version: str, application: str, facility: str, now: datetime) -> bytes:
    raw = header.raw if header else lambda _: b""
    kind = ["ACK", header.trigger, "ACK"] if header and header.trigger else ["ACK"]
    return marks.join(
        b"MSH",
        marks.encoding,
        marks.carry(raw(5)) or marks.escape(application),
        marks.carry(raw(6)) or marks.escape(facility),
        marks.carry(raw(3)),
        marks.carry(raw(4)),
        _time(now.replace(microsecond=0)),
        b"",
        marks.component.join(marks.escape(part) for part in kind),
        secrets.token_hex(10).encode(),
        marks.carry(raw(11)) or b"P",
        version.encode(),
    )


def _err(fault: Fault, marks: _Marks, version: str) -> bytes:
    """ERR as of v2.5 (§2.14.5): place, code, severity, advice; before that one composite in ERR-1."""
    place = fault.place.encode().replace(b"^", marks.component)
    if version < "2.5":
        parts = [part.encode() for part in (fault.place.split("^") if fault.place else [])]
        coded = marks.subcomponent.join(
            (fault.code.encode(), marks.escape(f"{fault.words}. {fault.advice}".strip()), b"HL70357")
        )
        return marks.join(b"ERR", marks.component.join([*parts, *[b""] * (3 - len(parts)), coded]))
    code = marks.component.join((fault.code.encode(), marks.escape(fault.words), b"HL70357"))
    return marks.join(b"ERR", b"", place, code, b"E", b"", b"", b"", marks.escape(fault.advice))


@dataclass(frozen=True, slots=True)
class _Marks:
    """The separators the answer is written with: the sender's own where they are usable."""

    field: bytes
    encoding: bytes

    @staticmethod
    def of(header: Header | None) -> _Marks:
        if header is None:
            return _Marks(b"|", STANDARD_ENCODING.encode())
        return _marks(header.field_separator, header.encoding)

    @property
    def component(self) -> bytes:
        return self.encoding[0:1]

    @property
    def subcomponent(self) -> bytes:
        return self.encoding[3:4]

    def join(self, *fields: bytes) -> bytes:
        return self.field.join(fields).rstrip(self.field)

    def carry(self, raw: bytes) -> bytes:
        """A value of the sender's, as sent; only a mark that is ours and was not the sender's is escaped."""
        return raw.strip().replace(self.field, self.encoding[2:3] + b"F" + self.encoding[2:3])

    def escape(self, text: str) -> bytes:
        """Separators in `text` as escape sequences (HL7 v2.8 §2.7.1); line ends become spaces."""
        if text.isalnum():
            return text.encode()
        component, repetition, escape, subcomponent = (chr(mark) for mark in self.encoding[:4])
        letters = {
            self.field.decode(): "F",
            component: "S",
            subcomponent: "T",
            repetition: "R",
            escape: "E",
            "\r": None,
            "\n": None,
        }
        return "".join(
            mark if mark not in letters else f"{escape}{letters[mark]}{escape}" if letters[mark] else " "
            for mark in text
        ).encode()


@lru_cache(maxsize=2)
def _time(now: datetime) -> bytes:
    """MSH-7; the same for all answers of a second."""
    return now.strftime("%Y%m%d%H%M%S%z").encode()


@lru_cache(maxsize=256)
def _marks(field: str, encoding: str) -> _Marks:
    marks = field + encoding
    usable = len(encoding) in (4, 5) and len(set(marks)) == len(marks)
    usable = usable and all(" " < mark <= "~" and not mark.isalnum() for mark in marks)
    if not usable:
        own = field if " " < field <= "~" and field not in STANDARD_ENCODING else "|"
        return _Marks(own.encode(), STANDARD_ENCODING.encode())
    return _Marks(field.encode(), encoding.encode())
