"""The first step in a message's life: what is stored with its answer and its job, before the answer goes out.

The HL7 rules are those of docs/hl7.md: nothing is dropped in silence, a repeated message gets the stored answer
and no second job, and a control id that comes again with other content is kept and flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from integration.canonical import Processing
from integration.hl7v2.ack import (
    NOT_ALLOWED,
    NOT_FOR_REAL,
    NOT_STORED,
    TOO_LARGE,
    Fault,
    Outcome,
    answer,
    codes_due,
    refusal,
)
from integration.hl7v2.merges import is_merge
from integration.hl7v2.mllp import Frame, frame
from integration.hl7v2.msh import Header, is_echo, read_header
from integration.hl7v2.senders import Senders
from integration.hl7v2.urgency import urgency
from services.settings import Mllp
from services.store.frames import FrameRow, Taken

REPORT_TYPES = frozenset({"ORU", "MDM"})
OWN_ECHO = "our own message come back"


class Arrival(NamedTuple):
    """A frame as it came off the wire, with the peer's address and the site its sender belongs to."""

    frame: Frame
    peer: str = ""
    site: str = "default"
    trace: str = ""


class Sender(NamedTuple):
    """Who sent a frame, as feeds are named: MSH-3^MSH-4, or the peer's address where it says neither."""

    site: str
    name: str


class Received(NamedTuple):
    """What to send back (MLLP-framed, b"" where no answer is due), and what became of the frame."""

    message_id: int
    answer: bytes
    state: str
    sender: Sender
    duplicate: bool = False


def rows_of(arrivals: Sequence[Arrival], mllp: Mllp, senders: Senders | None = None) -> list[FrameRow]:
    """The rows of a group of frames, each with the answer it gets if it is new."""
    rows = [_row(place, arrival, mllp, senders) for place, arrival in enumerate(arrivals)]
    _compare(rows)
    return rows


def received(rows: Sequence[FrameRow], stored: Sequence[Taken]) -> list[Received]:
    """What each frame is answered, now that it is committed."""
    return [_received(row, taken) for row, taken in zip(rows, stored, strict=True)]


def not_stored(arrival: Arrival, mllp: Mllp) -> bytes:
    """The retryable answer to a frame whose transaction failed; never sent after a commit."""
    return _answer(read_header(arrival.frame.body), Outcome.RETRY, (NOT_STORED,), mllp)[1]


def _row(place: int, arrival: Arrival, mllp: Mllp, senders: Senders | None) -> FrameRow:
    frame, header = arrival.frame, read_header(arrival.frame.body)
    state, reason, fault = _judge(frame, header, mllp)
    if fault is None and header and header.processing_id not in _REAL and _is_refused(header, senders):
        state, reason, fault = "rejected", NOT_FOR_REAL.advice, NOT_FOR_REAL
    outcome = Outcome.REJECTED if fault else Outcome.STORED
    code, ack = _answer(header, outcome, (fault,) if fault else (), mllp)
    facts = {
        "place": place,
        "site_id": arrival.site,
        "peer": arrival.peer,
        "application": header.sending_application if header else "",
        "facility": header.sending_facility if header else "",
        "control_id": (header.control_id or None) if header else None,
        "message_type": header.message_type if header else "",
        "bytes": frame.size,
        "sha256": frame.sha256,
        "truncated": frame.oversized,
        "state": state,
        "reason": reason,
        "ack_code": code,
        "trace": arrival.trace,
        "priority": int(urgency(frame.body, header)),
    }
    return FrameRow(facts, frame.body, ack)


def _judge(received: Frame, header: Header | None, mllp: Mllp) -> tuple[str, str, Fault | None]:
    """(state, reason, fault): the state a frame starts in, and why it can never be accepted if it cannot."""
    if received.oversized:
        return "rejected", f"larger than {mllp.max_bytes} bytes; only its head is kept", TOO_LARGE
    return judge(header, mllp)


_REAL = ("P", "")


def _is_refused(header: Header, senders: Senders | None) -> bool:
    """Whether the sender's messages for training and debugging are refused, by its setting `processing`."""
    if senders is None or header.processing is Processing.PRODUCTION or header.is_batch:
        return False
    return senders.find(header.application, header.facility).processing == "refuse"


def judge(header: Header | None, mllp: Mllp) -> tuple[str, str, Fault | None]:
    """(state, reason, fault) of a message, whether it came alone or in a batch."""
    fault = refusal(header)
    if header is None or fault:
        return "rejected", (fault.advice if fault else ""), fault
    if not _allowed(header, mllp):
        return "rejected", "MSH-3 is not on the allow-list", NOT_ALLOWED
    if is_echo(header, mllp.application, mllp.facility):
        return "ignored", OWN_ECHO, None
    if header.is_batch or header.code in REPORT_TYPES or is_merge(header):
        return "queued", "", None
    return "ignored", f"{header.kind} carries no report", None


def _allowed(header: Header, mllp: Mllp) -> bool:
    whole = (header.sending_application, header.sending_facility)
    names = {name for pair in (whole, (header.application, header.facility)) for name in (pair[0], "^".join(pair))}
    return not mllp.allowed_senders or not names.isdisjoint(mllp.allowed_senders)


def _answer(header: Header | None, outcome: Outcome, faults: tuple[Fault, ...], mllp: Mllp) -> tuple[str | None, bytes]:
    answers = answer(header, outcome, *faults, application=mllp.application, facility=mllp.facility)
    code = next(iter(codes_due(header, outcome)), None)
    return code, b"".join(frame(one) for one in answers)


def _compare(rows: list[FrameRow]) -> None:
    """Within the group: whose control id another has used before. Without a control id it is nobody's."""
    used: set[tuple[str, ...]] = set()
    for facts, _, _ in rows:
        sender = (facts["site_id"], facts["application"], facts["facility"], facts["control_id"])
        facts["control_id_reused"] = sender in used
        if facts["control_id"] is not None:
            used.add(sender)


def _received(row: FrameRow, taken: Taken) -> Received:
    facts = row.facts
    names = "^".join(filter(None, (facts["application"], facts["facility"])))
    sender = Sender(facts["site_id"], names or facts["peer"])
    if taken.duplicate_of is None:
        return Received(taken.id, row.ack, facts["state"], sender)
    return Received(taken.id, taken.ack, "ignored", sender, duplicate=True)
