"""Acknowledgements: MSA and ERR for the original and the enhanced mode (HL7 v2.8 §2.9.2, §2.9.3)."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from integration.hl7v2.msh import NO_MESSAGE, STANDARD_ENCODING, Header

_VERSION = re.compile(r"2\.\d(\.\d)?\Z")
_DEFAULT_VERSION = "2.5"
_ACKNOWLEDGEMENT = "ACK"
# Names and marks of a feed up to this many bytes are remembered.
_LONGEST_REMEMBERED = 1024


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

NOT_FOR_REAL = Fault("202", "Unsupported processing id", "MSH^1^11", "Training and debugging messages are not taken.")


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

    Original mode: one answer with an application code, and none to an ACK, which would be answered in turn. Enhanced
    mode: the accept answer as MSH-15 wishes, then the application answer as MSH-16 wishes; after a CE or CR nothing
    more, or it would be taken for the answer to the next try. The answer's MSH-3/4 are the names it was sent to, or
    `application` and `facility` where the sender named none. An empty MSH-15 beside a valued MSH-16 still gets one
    answer: the application's if it is due, else an accept answer.
    """
    moment = _time(int(now.timestamp() if now else time.time()))
    return tuple(_message(header, code, faults, application, facility, moment) for code in codes_due(header, outcome))


def codes_due(header: Header | None, outcome: Outcome) -> tuple[str, ...]:
    """The MSA-1 codes of the answers due, in the order they go out."""
    return tuple(code for code in _due(header, outcome) if code)


def _due(header: Header | None, outcome: Outcome) -> tuple[str, ...]:
    accept, applied = outcome.value
    if header is None or not header.enhanced:
        return () if header is not None and header.code == _ACKNOWLEDGEMENT else (applied,)
    second = applied if header.application_ack and _wanted(header.application_ack, outcome) else ""
    if header.accept_ack and _wanted(header.accept_ack, outcome):
        return (accept, second) if outcome is Outcome.STORED else (accept,)
    if header.accept_ack:
        return (second,)
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
    moment: bytes,
) -> bytes:
    form = _form_of(header, application, facility)
    marks = form.marks
    msh = b"".join((form.before_time, moment, form.before_id, _next_id(), form.after_id))
    control = marks.carry(header.raw_control_id if header else b"")
    words = marks.escape(faults[0].words) if faults else b""
    segments = [msh, marks.join(b"MSA", code.encode(), control, words)]
    segments += [_err(fault, marks, form.version) for fault in faults]
    return b"\r".join(segments) + b"\r"


class _Form(NamedTuple):
    """What the answers to one feed have in common: marks, MSH-12, and MSH around MSH-7 and MSH-10."""

    marks: _Marks
    version: str
    before_time: bytes
    before_id: bytes
    after_id: bytes


def _form_of(header: Header | None, application: str, facility: str) -> _Form:
    if header is None:
        return _remembered("|", STANDARD_ENCODING, "", "", (b"",) * 5, application, facility)
    names = (*header.fields[2:6], header.raw(11))
    make = _remembered if len(header.encoding) + len(b"".join(names)) <= _LONGEST_REMEMBERED else _form
    return make(header.field_separator, header.encoding, header.trigger, header.version, names, application, facility)


def _form(
    separator: str,
    encoding: str,
    trigger: str,
    asked: str,
    names: tuple[bytes, ...],
    application: str,
    facility: str,
) -> _Form:
    """`names` are the message's MSH-3 to MSH-6 and MSH-11."""
    marks = _marks(separator, encoding)
    sender, sender_facility, receiver, receiver_facility, processing = map(marks.carry, names)
    version = asked if _VERSION.match(asked) else _DEFAULT_VERSION
    field = marks.field
    to = (receiver or marks.escape(application), receiver_facility or marks.escape(facility))
    kind = marks.component.join(map(marks.escape, ["ACK", trigger, "ACK"] if trigger else ["ACK"]))
    return _Form(
        marks,
        version,
        field.join((b"MSH", marks.encoding, *to, sender, sender_facility, b"")),
        field.join((b"", b"", kind, b"")),
        field.join((b"", processing or b"P", version.encode())),
    )


_remembered = lru_cache(maxsize=1024)(_form)
# MSH-10 of our answers: nobody else's, and no two alike.
_OWN, _NUMBERS = secrets.token_hex(6), itertools.count()


def _next_id() -> bytes:
    return b"%s%08X" % (_OWN.encode(), next(_NUMBERS))


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
def _time(seconds: int) -> bytes:
    """MSH-7; the same for all answers of a second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S%z").encode()


@lru_cache(maxsize=256)
def _marks(field: str, encoding: str) -> _Marks:
    marks = field + encoding
    usable = len(encoding) in (4, 5) and len(set(marks)) == len(marks)
    usable = usable and all(" " < mark <= "~" and not mark.isalnum() for mark in marks)
    if not usable:
        own = field if " " < field <= "~" and field not in STANDARD_ENCODING else "|"
        return _Marks(own.encode(), STANDARD_ENCODING.encode())
    return _Marks(field.encode(), encoding.encode())
