"""From a stored HL7 v2 message to canonical reports, or to the reason why there are none.

Reasons and the message's notes name segment and field, never what stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from integration.bounds import too_long
from integration.canonical import (
    Door,
    Order,
    Patient,
    Person,
    Processing,
    Record,
    Report,
    ReportStatus,
    SectionKind,
    Sex,
    Source,
)
from integration.hl7v2 import charset
from integration.hl7v2.accounting import comments, glued, not_read, prose_elsewhere
from integration.hl7v2.continuation import Tie, homeless, one_message, tie_of, with_addenda
from integration.hl7v2.datatypes import date_of, local_of, patient_identifier, person, time_of
from integration.hl7v2.exams import joined, read_exams
from integration.hl7v2.groups import Group, gather, places
from integration.hl7v2.msh import Header, read_header
from integration.hl7v2.observations import Body, read_body
from integration.hl7v2.segments import Segment, Unreadable, read_segments
from integration.hl7v2.senders import SenderMap
from integration.hl7v2.status import CANCEL, DOCUMENTS, Said, status_of
from integration.notes import Note
from integration.reasons import reason

_USUAL = frozenset({"utf-8", "utf-8-sig", "ascii"})
_NO_TEXT_NEEDED = frozenset({ReportStatus.REGISTERED, ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR})
_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER, "A": Sex.OTHER, "N": Sex.OTHER}


class Understood(Record):
    """What a message says: reports, or why it is `ignored` or `quarantined`.

    `quarantined` may stand beside reports: then a part of the message was not understood. `codec` is the
    Python codec the text was read with; `problems` what was odd yet did not stop the reading; `notes` what is kept
    beside the text or not read, by place; `tie` stands where the message is a part of one whose rest is not here.
    """

    reports: tuple[Report, ...] = ()
    ignored: str = ""
    quarantined: str = ""
    codec: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tie: Tie | None = None


@dataclass(frozen=True)
class _Message:
    header: Header
    site: str
    sender: SenderMap


def kind_ignored(header: Header) -> str:
    """Why a message of this type is not read, "" if it is: everything but ORU^R01 and MDM documents, by name."""
    if header.code == "ORU" and header.trigger in ("R01", "R03", "W01", ""):
        return ""
    if header.code == "MDM" and (header.trigger in DOCUMENTS or header.trigger == CANCEL):
        return ""
    return f"{header.kind} is not a report"


def read_reports(body: bytes, site: str, sender: SenderMap) -> Understood:
    """Read one message (a batch is split first, by `parts.split`). Never raises."""
    return read_whole([body], site, sender)


def read_whole(parts: Sequence[bytes], site: str, sender: SenderMap) -> Understood:
    """Read a message that came in parts tied together by DSC-1 and MSH-14, the first one first. Never raises."""
    header = read_header(parts[0])
    if header is None:
        return Understood(quarantined=reason("MSH", "no header segment", "one before all others"))
    ignored = kind_ignored(header) or _unwanted(header, sender, "ignore")
    if ignored:
        return Understood(ignored=ignored, problems=header.problems)
    if refused := _unwanted(header, sender, "refuse"):
        return Understood(quarantined=refused, problems=header.problems)
    decoded = [charset.decode(body, header.charset, sender.charset) for body in parts]
    problems = list(dict.fromkeys([*header.problems, *(each for one in decoded for each in _on_characters(one))]))
    codec = decoded[0].codec
    try:
        segments = [read_segments(one, read_header(body) or header) for one, body in zip(decoded, parts, strict=True)]
    except Unreadable as fault:
        return Understood(quarantined=str(fault), codec=codec, problems=tuple(problems))
    if message_is := _said_of_processing(header, sender):
        problems.append(message_is)
    understood = _tied(_Message(header, site, sender), segments)
    return understood.model_copy(update={"codec": codec, "problems": (*problems, *understood.problems)})


def _tied(message: _Message, parts: list[list[Segment]]) -> Understood:
    tie = Tie(tie_of(parts[0]).continues, tie_of(parts[-1]).goes_on)
    if tie.missing:
        return Understood(quarantined=tie.missing, tie=tie)
    whole = one_message(parts)
    fault = homeless(whole)
    return Understood(quarantined=fault) if fault else _read(message, whole)


def _said_of_processing(header: Header, sender: SenderMap) -> str:
    if header.processing is Processing.PRODUCTION:
        return ""
    taken = ", taken as if for production" if sender.processing == "production" else ""
    return f"MSH-11: a {header.processing.name.lower()} message ({header.processing}){taken}"


def _unwanted(header: Header, sender: SenderMap, setting: str) -> str:
    if header.processing is Processing.PRODUCTION or sender.processing != setting:
        return ""
    return f"MSH-11: a {header.processing.name.lower()} message; the sender's setting `processing` is {setting}"


def _on_characters(decoded: charset.Decoded) -> list[str]:
    if decoded.problem:
        return [f"MSH-18: {decoded.problem}; read as {decoded.codec}"]
    return [] if decoded.codec in _USUAL else [f"read as {decoded.codec}"]


def _read(message: _Message, sent: list[Segment]) -> Understood:
    segments = with_addenda(sent)
    gathered = gather(segments)
    if not any(group.first("OBR") or group.first("TXA") for group in gathered.groups):
        return Understood(quarantined=reason("OBR", "neither OBR nor TXA", "one for each report"))
    found = _Found([_orphaned(each) for each in gathered.orphans if _tells(each)])
    for group in joined(_of_imaging(message, gathered.groups, found), message.sender):
        _one(message, group, found)
    return found.understood(segments)


def _orphaned(segment: Segment) -> str:
    return reason(segment.place, "no order of its patient before it", "an OBR there, or no second document")


def _tells(segment: Segment) -> bool:
    return segment.name in ("OBX", "TXA", "NTE", "ADD")


@dataclass
class _Found:
    """What the groups of a message turned out to be."""

    faults: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def understood(self, segments: list[Segment]) -> Understood:
        """The message as a whole: what stands beside a text is a note of it; without a report the state says all."""
        fault = next(iter(self.faults), "")
        if not self.reports:
            if fault:
                return Understood(quarantined=fault, problems=(*self.faults[1:], *self.ignored))
            return Understood(ignored=self.ignored[0], problems=tuple(self.ignored[1:]))
        unread = not_read(segments)
        beside = (*self.notes, *((unread,) if unread else ()))
        return Understood(
            reports=tuple(self.reports),
            quarantined=fault,
            problems=(*self.faults[1:], *self.ignored),
            notes=tuple(dict.fromkeys(note.message for note in beside)),
        )


def _of_imaging(message: _Message, groups: list[Group], found: _Found) -> list[Group]:
    """Without the groups of other services (OBR-24)."""
    imaging = []
    for group in groups:
        obr = group.first("OBR")
        if obr and obr.value(24).upper() in message.sender.other_services:
            found.ignored.append(f"OBR-24 of OBR {group.number}: not an imaging service")
        else:
            imaging.append(group)
    return imaging


def _one(message: _Message, group: Group, found: _Found) -> None:
    """Adds one group's report to what was found, or the reason why it is none."""
    sender = message.sender
    patient, obr = _patient(group, sender), group.first("OBR")
    body = read_body(group.all("OBX"), sender, (obr.value(4, 2) or obr.value(4, 5)) if obr else "")
    order, exams = read_exams(group, body, sender)
    said = status_of(message.header, group, body, sender)
    if _is_data(group, body, said):
        found.ignored.append(f"OBX-2 of {group.where}: measurements and codes only, no report text")
        return
    fault = _fault(group.where, patient, order, body, said) or _too_long(patient, order, sender)
    if fault:
        found.faults.append(fault)
        return
    notes = [*body.notes, *_beside(group, order)]
    found.notes += notes
    found.reports.append(_report(message, group, patient, order, body, said.status, notes, exams))


def _is_data(group: Group, body: Body, said: Said) -> bool:
    return said.status not in _NO_TEXT_NEEDED and bool(group.all("OBX")) and not body.prose


def _beside(group: Group, order: Order) -> list[Note]:
    """What a group says beside its text."""
    segments = [*group.patient.values(), *group.own]
    named = bool(order.procedure.code or order.procedure.display)
    obr = group.first("OBR")
    given = bool(obr and (obr.value(4) or obr.value(4, 2) or obr.value(4, 5)))
    taken = f"OBR-4 of {group.where}: no exam is named there; taken from OBX-3 or the text"
    unknown = f"OBR-4 of {group.where}: no exam is named, in OBX-3 and the text neither"
    exam = [] if given else [Note(taken if named else unknown)]
    return [*exam, *comments(segments), *glued(segments), *prose_elsewhere(segments)]


def _fault(where: str, patient: Patient, order: Order, body: Body, said: Said) -> str:
    needs_text = said.status not in _NO_TEXT_NEEDED
    if not patient.identifiers:
        return reason("PID-3", "no patient identifier", "one that is valued", "patient")
    if order.accession is None and order.filler is None:
        place = f"OBR-3, ORC-3 and OBR-18 of {where}"
        return reason(place, "no order identifier", "one that is valued", "filler` or `accession")
    if needs_text and not body.text:
        lacks = [note.message for note in body.notes if note.message.startswith("OBX-5")]
        text = reason(f"OBX-5 of {where}", "no report text", "words, or a document with a text layer")
        return "; ".join([*lacks, text])
    return said.fault


def _too_long(patient: Patient, order: Order, sender: SenderMap) -> str:
    places = {
        "patient": ", ".join(sender.patient),
        "name": "PID-5",
        "accession": ", ".join(sender.accession),
        "filler": ", ".join(sender.filler),
        "modality": "OBR-24",
    }
    found = too_long(patient, order, places)
    return reason(found.place, found.found, found.expected, found.setting) if found else ""


def _report(
    message: _Message,
    group: Group,
    patient: Patient,
    order: Order,
    body: Body,
    status: ReportStatus,
    notes: list[Note],
    exams: tuple[Order, ...],
) -> Report:
    header, sender = message.header, message.sender
    local = local_of(header.time, sender.zone)
    txa = group.first("TXA")
    addendum = body.kinds == {SectionKind.ADDENDUM} or header.trigger == "T06"
    if addendum and status is ReportStatus.FINAL:
        status = ReportStatus.APPENDED
    issued = _latest(group, 22) or (txa.value(22, 15) or txa.value(7) if txa else "")
    observed = next(filter(None, (obr.value(7) for obr in group.all("OBR"))), "") or (txa.value(4) if txa else "")
    return Report(
        site=message.site,
        source=_source(header),
        patient=patient,
        order=order.model_copy(update={"study_uid": order.study_uid or body.study_uid}),
        status=status,
        text=body.text,
        sections=body.sections,
        addendum_only=addendum,
        issued=time_of(issued, local),
        message_time=time_of(header.time, local),
        observed=time_of(observed, local),
        interpreter=_interpreter(group, sender),
        notes=tuple(dict.fromkeys(note.whole for note in notes)),
        exams=exams,
        processing=Processing.PRODUCTION if sender.processing == "production" else header.processing,
    )


def _latest(group: Group, number: int) -> str:
    """The last of the times that the OBR of a report say, as they are written."""
    return max((obr.value(number) for obr in group.all("OBR")), default="")


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


def _interpreter(group: Group, sender: SenderMap) -> Person | None:
    candidates = [(obr, 32) for obr in group.all("OBR")]
    candidates += [(txa, number) for txa in [group.first("TXA")] if txa for number in (9, 5)]
    for segment, number in candidates:
        found = person(segment.parts(number), sender.authorities)
        if found:
            return found
    return None
