"""Patient merges and their undoing (HL7 v2.8 §3.6): ADT^A18, A34, A36, A40 merge, A35 accounts alone, A37 unlinks."""

from __future__ import annotations

from datetime import datetime

from integration.bounds import NUMBER, is_too_long
from integration.canonical import Identifier
from integration.hl7v2 import charset
from integration.hl7v2.datatypes import local_of, patient_identifier, time_of
from integration.hl7v2.msh import Header, read_header
from integration.hl7v2.segments import Segment, Unreadable, read_segments
from integration.hl7v2.senders import SenderMap
from integration.merges import Merge, Merges, pairs
from integration.reasons import reason

MERGES = frozenset({"A18", "A34", "A36", "A40"})
_ACCOUNTS, _UNLINK = "A35", "A37"
EVENTS = MERGES | {_ACCOUNTS, _UNLINK}


def is_merge(header: Header) -> bool:
    """Whether a message is one of those that are read of ADT."""
    return header.code == "ADT" and header.trigger in EVENTS


def read_merges(body: bytes, sender: SenderMap) -> Merges:
    """The merges of a message. Never raises."""
    header = read_header(body)
    if header is None:
        return Merges(quarantined=reason("MSH", "no header segment", "one before all others"))
    if header.trigger == _ACCOUNTS:
        return Merges(ignored="ADT^A35 merges account numbers, of which no report knows")
    try:
        segments = read_segments(charset.decode(body, header.charset, sender.charset), header)
    except Unreadable as fault:
        return Merges(quarantined=str(fault))
    found = _unlinked(segments, sender) if header.trigger == _UNLINK else _merged(segments, sender)
    if any(is_too_long(each.prior) or is_too_long(each.surviving) for each in found.merges):
        return Merges(quarantined=reason("PID-3, MRG-1", f"a number of more than {NUMBER} characters", "a shorter one"))
    said_at = _said_at(segments, header, sender)
    return found._replace(merges=tuple(each.model_copy(update={"said_at": said_at}) for each in found.merges))


def _said_at(segments: list[Segment], header: Header, sender: SenderMap) -> datetime | None:
    """EVN-6 (when it happened), EVN-2 (when it was recorded), else MSH-7."""
    local = local_of(header.time, sender.zone)
    event = next((segment for segment in segments if segment.name == "EVN"), None)
    told = [event.value(6), event.value(2)] if event else []
    return next(filter(None, (time_of(each, local) for each in [*told, header.time])), None)


def _merged(segments: list[Segment], sender: SenderMap) -> Merges:
    found: list[Merge] = []
    patient: Segment | None = None
    told = False
    for segment in segments:
        if segment.name == "PID":
            patient = segment
        elif segment.name == "MRG":
            told = True
            found_here = list(pairs(_identifiers(segment, 1, sender), _of_patient(patient, sender)))
            if not found_here:
                return Merges(
                    quarantined=reason(f"MRG-1 of {segment.place}", "no number to pair with one of PID-3", _PAIR)
                )
            found += [Merge(prior=prior, surviving=surviving) for prior, surviving in found_here if prior != surviving]
    if not told:
        return Merges(quarantined=reason("MRG", "no such segment", "one behind each PID"))
    return Merges(tuple(found), "" if found else "MRG-1 and PID-3 name the same identifiers")


_PAIR = "one number of the same authority"


def _unlinked(segments: list[Segment], sender: SenderMap) -> Merges:
    """A37: two PID, which are two patients again."""
    patients = [_of_patient(segment, sender) for segment in segments if segment.name == "PID"]
    unlinked = list(pairs(patients[1], patients[0])) if len(patients) == _TWO else []
    if not unlinked:
        return Merges(quarantined=reason("PID", "no two patients with numbers of one authority", "two PID"))
    both = [(one, other) for prior, surviving in unlinked for one, other in ((prior, surviving), (surviving, prior))]
    return Merges(tuple(Merge(prior=one, surviving=other, undone=True) for one, other in both))


_TWO = 2


def _of_patient(pid: Segment | None, sender: SenderMap) -> list[Identifier]:
    return (_identifiers(pid, 3, sender) or _identifiers(pid, 2, sender)) if pid else []


def _identifiers(segment: Segment, number: int, sender: SenderMap) -> list[Identifier]:
    found = (patient_identifier(parts, sender.authorities) for parts in segment.repeats(number))
    return [each for each in found if each]
