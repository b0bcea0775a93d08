"""From a stored HL7 v2 message to canonical reports, or to the reason why there are none.

Reasons and notes name segment and field, never what stands in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from integration.canonical import (
    Door,
    Order,
    Patient,
    Person,
    Record,
    Report,
    ReportStatus,
    SectionKind,
    Sex,
    Source,
)
from integration.hl7v2 import charset
from integration.hl7v2.datatypes import date_of, patient_identifier, person, time_of
from integration.hl7v2.groups import Group, gather, places
from integration.hl7v2.msh import Header, read_header
from integration.hl7v2.observations import Body, read_body
from integration.hl7v2.order import read_order
from integration.hl7v2.segments import Segment, Unreadable, read_segments
from integration.hl7v2.senders import SenderMap

# MDM events that carry the document (HL7 v2.8 §9.5): new, status change, addendum, edit, replacement.
_DOCUMENTS = {
    "T02": None,
    "T04": None,
    "T06": ReportStatus.APPENDED,
    "T08": ReportStatus.CORRECTED,
    "T10": ReportStatus.CORRECTED,
}
_CANCEL = "T11"
_USUAL = frozenset({"utf-8", "utf-8-sig", "ascii"})
_NO_TEXT_NEEDED = frozenset({ReportStatus.REGISTERED, ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR})
_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER, "A": Sex.OTHER, "N": Sex.OTHER}
# TXA-17 (HL7 table 0271): dictated to pre-authenticated is not final yet; authenticated is.
_COMPLETION = {
    "DI": ReportStatus.PRELIMINARY,
    "DO": ReportStatus.PRELIMINARY,
    "IP": ReportStatus.PRELIMINARY,
    "IN": ReportStatus.PRELIMINARY,
    "PA": ReportStatus.PRELIMINARY,
    "AU": ReportStatus.FINAL,
    "LA": ReportStatus.FINAL,
}


class Understood(Record):
    """What a message says: reports, or why it is `ignored` or `quarantined`.

    `quarantined` may stand beside reports: then a part of the message was not understood. `codec` is the
    Python codec the text was read with; `problems` what was odd yet did not stop the reading.
    """

    reports: tuple[Report, ...] = ()
    ignored: str = ""
    quarantined: str = ""
    codec: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Message:
    header: Header
    site: str
    sender: SenderMap


def kind_ignored(header: Header) -> str:
    """Why a message of this type is not read, "" if it is: everything but ORU^R01 and MDM documents, by name."""
    if header.code == "ORU" and header.trigger in ("R01", "R03", "W01", ""):
        return ""
    if header.code == "MDM" and (header.trigger in _DOCUMENTS or header.trigger == _CANCEL):
        return ""
    return f"{header.kind} is not a report"


def read_reports(body: bytes, site: str, sender: SenderMap) -> Understood:
    """Read one message (a batch is split first, by `parts.split`). Never raises."""
    header = read_header(body)
    if header is None:
        return Understood(quarantined="MSH: the message has no header segment")
    ignored = kind_ignored(header)
    if ignored:
        return Understood(ignored=ignored, problems=header.problems)
    decoded = charset.decode(body, header.charset, sender.charset)
    problems = list(header.problems)
    if decoded.fallback:
        problems.append(f"MSH-18: the declared character set does not fit; read as {decoded.codec}")
    elif decoded.codec not in _USUAL:
        problems.append(f"read as {decoded.codec}")
    try:
        segments = read_segments(decoded, header)
    except Unreadable as fault:
        return Understood(quarantined=str(fault), codec=decoded.codec, problems=tuple(problems))
    understood = _read(_Message(header, site, sender), segments)
    return understood.model_copy(update={"codec": decoded.codec, "problems": (*problems, *understood.problems)})


def _read(message: _Message, segments: list[Segment]) -> Understood:
    groups = gather(segments)
    if not any(group.first("OBR") or group.first("TXA") for group in groups):
        return Understood(quarantined="OBR: the message has no observation request")
    reports: list[Report] = []
    ignored: list[str] = []
    faults: list[str] = []
    for group in _joined(groups, message.sender):
        outcome = _one(message, group)
        if isinstance(outcome, Report):
            reports.append(outcome)
        else:
            (ignored if outcome.ignored else faults).append(outcome.reason)
    if reports:
        quarantined = faults[0] if faults else ""
        return Understood(reports=tuple(reports), quarantined=quarantined, problems=(*faults[1:], *ignored))
    if faults:
        return Understood(quarantined=faults[0], problems=(*faults[1:], *ignored))
    return Understood(ignored=ignored[0], problems=tuple(ignored[1:]))


@dataclass(frozen=True)
class _Not:
    """Why one group is no report."""

    reason: str
    ignored: bool = False


def _joined(groups: list[Group], sender: SenderMap) -> list[Group]:
    """OBR of one order are one report; an OBR without OBX beside one with text shares that report."""
    if len(groups) == 1:
        return groups
    joined: dict[tuple[str, str] | int, Group] = {}
    for group in groups:
        order = read_order(group, sender)
        identifier = order.accession or order.filler
        key = (identifier.authority, identifier.value) if identifier else group.number
        if key in joined:
            joined[key].own += group.own
        else:
            joined[key] = group
    whole = list(joined.values())
    with_text = [group for group in whole if group.all("OBX")]
    return with_text or whole


def _one(message: _Message, group: Group) -> Report | _Not:
    where = f"OBR {group.number}"
    sender = message.sender
    obr = group.first("OBR")
    service = obr.value(24).upper() if obr else ""
    if service in sender.other_services:
        return _Not(f"OBR-24 of {where}: not an imaging service", ignored=True)
    patient, order = _patient(group, sender), read_order(group, sender)
    body = read_body(group.all("OBX"), sender)
    status, unknown = _status(message.header, group, body, sender)
    fault = _fault(where, patient, order, body, status, group)
    if fault is None and unknown:
        fault = _Not(f"{unknown} of {where}: the sender's map does not say what this status means")
    if fault is not None:
        return fault
    return _report(message, group, patient, order, body, status)


def _fault(where: str, patient: Patient, order: Order, body: Body, status: ReportStatus, group: Group) -> _Not | None:
    needs_text = status not in _NO_TEXT_NEEDED
    if needs_text and group.all("OBX") and not body.prose:
        return _Not(f"OBX-2 of {where}: measurements and codes only, no report text", ignored=True)
    if not patient.identifiers:
        return _Not("PID-3: no patient identifier")
    if order.accession is None and order.filler is None:
        return _Not(f"OBR-3, ORC-3 and OBR-18 of {where}: no order identifier")
    if needs_text and not body.text:
        reason = body.notes[0] if body.notes else f"OBX-5 of {where}: no report text"
        return _Not(reason)
    return None


def _report(
    message: _Message, group: Group, patient: Patient, order: Order, body: Body, status: ReportStatus
) -> Report:
    header, sender = message.header, message.sender
    obr, txa = group.first("OBR"), group.first("TXA")
    addendum = body.kinds == {SectionKind.ADDENDUM} or header.trigger == "T06"
    if addendum and status is ReportStatus.FINAL:
        status = ReportStatus.APPENDED
    issued = (obr.value(22) if obr else "") or (txa.value(22, 15) or txa.value(7) if txa else "")
    observed = (obr.value(7) if obr else "") or (txa.value(4) if txa else "")
    return Report(
        site=message.site,
        source=_source(header),
        patient=patient,
        order=order.model_copy(update={"study_uid": order.study_uid or body.study_uid}),
        status=status,
        text=body.text,
        sections=body.sections,
        addendum_only=addendum,
        issued=time_of(issued, sender.zone),
        message_time=time_of(header.time, sender.zone),
        observed=time_of(observed, sender.zone),
        interpreter=_interpreter(obr, txa, sender),
        notes=body.notes,
    )


def _source(header: Header) -> Source:
    return Source(
        door=Door.HL7,
        application=header.application,
        facility=header.facility,
        control_id=header.control_id,
        message_type=header.message_type,
    )


def _patient(group: Group, sender: SenderMap) -> Patient:
    pid = group.first("PID")
    if pid is None:
        return Patient()
    found = [
        identifier
        for segment, number in list(places(group, sender.patient))[:1]
        for parts in segment.repeats(number)
        if (identifier := patient_identifier(parts, sender.authorities))
    ]
    found.sort(key=lambda each: not _preferred(each.authority, each.type, sender))
    name = pid.parts(5)
    return Patient(
        identifiers=tuple(found),
        family=name.value(1),
        given=" ".join(filter(None, (name.value(2), name.value(3)))),
        birth_date=date_of(pid.value(7)),
        sex=_SEXES.get(pid.value(8)[:1].upper(), Sex.UNKNOWN),
    )


def _preferred(authority: str, kind: str, sender: SenderMap) -> bool:
    wanted = sender.authorities.get(sender.patient_authority, sender.patient_authority)
    return (not wanted or authority == wanted) and sender.patient_type in ("", kind)


def _status(header: Header, group: Group, body: Body, sender: SenderMap) -> tuple[ReportStatus, str]:
    """The report's status, and the field that leaves it unknown.

    OBR-25 decides, except that a correction or a retraction said line by line in OBX-11 counts too; without
    OBR-25 it is TXA-17, then what all OBX-11 agree on.
    """
    if header.trigger == _CANCEL:
        return ReportStatus.ENTERED_IN_ERROR, ""
    if body.statuses and set(body.statuses) == {ReportStatus.ENTERED_IN_ERROR}:
        return ReportStatus.ENTERED_IN_ERROR, ""
    obr, txa = group.first("OBR"), group.first("TXA")
    word = obr.value(25) if obr else ""
    said = sender.status_of(word)
    if word and said is None:
        return ReportStatus.UNKNOWN, "OBR-25"
    completion = _COMPLETION.get(txa.value(17).upper()) if txa else None
    status = said or completion or _agreed(body.statuses)
    by_event = _DOCUMENTS.get(header.trigger) if header.code == "MDM" else None
    if by_event is not None and status in (ReportStatus.FINAL, ReportStatus.UNKNOWN):
        return by_event, ""
    if status is ReportStatus.FINAL and ReportStatus.CORRECTED in body.statuses:
        return ReportStatus.CORRECTED, ""
    return status, "" if status is not ReportStatus.UNKNOWN else "OBR-25 and OBX-11"


def _agreed(statuses: tuple[ReportStatus, ...]) -> ReportStatus:
    """One word for many lines: preliminary while any line is, corrected once any is."""
    for status in (ReportStatus.PRELIMINARY, ReportStatus.PARTIAL, ReportStatus.CORRECTED):
        if status in statuses:
            return status
    return statuses[0] if len(set(statuses)) == 1 else ReportStatus.UNKNOWN


def _interpreter(obr: Segment | None, txa: Segment | None, sender: SenderMap) -> Person | None:
    candidates = [(obr, 32), (txa, 9), (txa, 5)]
    for segment, number in candidates:
        found = person(segment.parts(number), sender.authorities) if segment else None
        if found:
            return found
    return None
