"""What was ordered and done: identifiers, procedure, modality, priority, Study Instance UID."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from integration.canonical import Identifier, Order, Person, Priority, Side
from integration.hl7v2.datatypes import coding, entity_identifier, person
from integration.hl7v2.groups import Group, places
from integration.hl7v2.segments import Segment
from integration.hl7v2.senders import SenderMap
from integration.hl7v2.urgency import PRIORITIES

_UID = re.compile(r"[0-2](?:\.\d+)+\Z")
# DICOM (0008,0050) is an SH: 16 characters; and no department names its exams without a digit.
_ACCESSION = re.compile(r"(?=.*\d)\S{1,64}\Z")
_SIDES = {"L": Side.LEFT, "LT": Side.LEFT, "R": Side.RIGHT, "RT": Side.RIGHT, "B": Side.BILATERAL}
_SIDE_WORDS = {"LEFT": Side.LEFT, "RIGHT": Side.RIGHT, "BILATERAL": Side.BILATERAL}
_WORD = re.compile(r"[A-Za-z]+")


def read_order(group: Group, sender: SenderMap) -> Order:
    """The order of one report; fields the message does not say are empty."""
    obr = group.first("OBR")
    if obr is None:
        return Order(**_identifiers(group, sender))
    return Order(
        **_identifiers(group, sender),
        procedure=coding(obr.parts(4)),
        modality=obr.value(24).upper(),
        body_site=obr.value(15, 4) or obr.value(15, 1),
        side=_side(obr),
        reason=_reason(obr),
        priority=_priority(group, obr),
        study_uid=_study_uid(group),
        orderer=_orderer(group, obr, sender),
    )


def _orderer(group: Group, obr: Segment, sender: SenderMap) -> Person | None:
    """OBR-16, or ORC-12 where it is empty: the ordering provider (HL7 v2.8 §4.5.3.16)."""
    orc = group.first("ORC")
    held = [*obr.repeats(16), *(orc.repeats(12) if orc else ())]
    return next((found for found in (person(parts, sender.authorities) for parts in held) if found), None)


def _identifiers(group: Group, sender: SenderMap) -> dict[str, Identifier | None]:
    return {
        "filler": _identifier(group, sender.filler, sender),
        "placer": _identifier(group, sender.placer, sender),
        "accession": _accession(group, sender),
    }


def _identifier(group: Group, fields: tuple[str, ...], sender: SenderMap) -> Identifier | None:
    found = (_entities(segment, number, sender) for segment, number in places(group, fields))
    return next(chain.from_iterable(found), None)


def _entities(segment: Segment, number: int, sender: SenderMap) -> Iterator[Identifier]:
    """The identifiers in the repetitions of a field; empty ones are passed over."""
    found = (entity_identifier(parts, sender.authorities) for parts in segment.repeats(number))
    return (each for each in found if each)


def _accession(group: Group, sender: SenderMap) -> Identifier | None:
    """The accession number, unless the field is used for something else: OBR-18 is free text by the standard."""
    for segment, number in places(group, sender.accession):
        for identifier in _entities(segment, number, sender):
            if _ACCESSION.match(identifier.value):
                return identifier
    return None


def _reason(obr: Segment) -> str:
    """OBR-31, or the clinical information of OBR-13 where it is empty."""
    reasons = [parts.value(2) or parts.value(1) for parts in obr.repeats(31)]
    return "; ".join(filter(None, reasons)) or obr.text(13).strip()


def _priority(group: Group, obr: Segment) -> Priority:
    """The most urgent that OBR-5, OBR-27.6 (TQ), TQ1-9 or ORC-7.6 says."""
    words = [obr.value(5)] + [parts.value(number) for parts in obr.repeats(27) for number in (6, 8)]
    words += [parts.value() for timing in group.all("TQ1") for parts in timing.repeats(9)]
    words += [parts.value(6) for order in group.all("ORC") for parts in order.repeats(7)]
    return min((PRIORITIES.get(word.upper(), Priority.ROUTINE) for word in words), default=Priority.ROUTINE)


def _study_uid(group: Group) -> str:
    """ZDS-1 (IHE RAD TF-2 §4.4.4.1.2.4) or IPC-3; OBX 113014 is read with the text."""
    for name, number in (("ZDS", 1), ("IPC", 3)):
        for segment in group.all(name):
            for parts in segment.repeats(number):
                if _UID.match(parts.value()):
                    return parts.value()
    return ""


def _side(obr: Segment) -> Side | None:
    """OBR-15's modifier, a procedure modifier (OBR-44/45, CPT LT and RT), or one side in OBR-4's words."""
    for number, component in ((15, 5), (15, 6), (44, 1), (45, 1)):
        side = _SIDES.get(obr.value(number, component).upper())
        if side:
            return side
    words = {word.upper() for word in _WORD.findall(coding(obr.parts(4)).display)}
    found = [side for word, side in _SIDE_WORDS.items() if word in words]
    return found[0] if len(found) == 1 else None
