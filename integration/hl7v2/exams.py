"""Which exams a report is of: OBR that share an accession number, OBR without text, exams named only in the text."""

from __future__ import annotations

import re

from integration.canonical import Coding, Order, ReportStatus
from integration.hl7v2.datatypes import coding
from integration.hl7v2.groups import Group
from integration.hl7v2.observations import Body
from integration.hl7v2.order import read_order
from integration.hl7v2.senders import SenderMap
from integration.hl7v2.titles import section_titled

_OFF = frozenset({ReportStatus.REGISTERED, ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR})
_LINE = re.compile(
    r"^[ \t*]*(?:exam(?:ination)?|stud(?:y|ies)|procedures?|exam(?:ination)? (?:type|name|title|performed|description)"
    r"|type of (?:exam(?:ination)?|study)|procedure (?:performed|name|description)|study (?:type|name|description)"
    r"|untersuchung(?:sart)?|examen|esame|exame|onderzoek|undersökning|undersøgelse)[ \t]*:[ \t]*(\S.{2,120}?)[ \t]*$",
    re.I | re.M,
)
_EXAM = re.compile(
    r"\b(?:x-?ray|xr|cr|dx|cxr|radiograph\w*|ct|cta|computed tomography|mri?|mra|magnetic resonance|us|ultrasound"
    r"|sonogra\w*|doppler|mammogra\w*|fluoroscop\w*|angiogra\w*|pet|scan|views?|röntgen\w*|radiographie|scanner|irm"
    r"|radiografía|tomografía|ecografía|ecografia|radiografia|sonographie)\b",
    re.I,
)


def joined(groups: list[Group], sender: SenderMap) -> list[Group]:
    """OBR of one order are one report; an OBR without OBX is a further exam of the report beside it that has text."""
    if len(groups) == 1:
        return groups
    by_order: dict[tuple[str, str, str] | int, Group] = {}
    for group in groups:
        key = _key(group, sender)
        if key in by_order:
            by_order[key].join(group)
        else:
            by_order[key] = group
    whole = list(by_order.values())
    return _with_text(whole, sender)


def _key(group: Group, sender: SenderMap) -> tuple[str, str, str] | int:
    order = read_order(group, sender)
    if order.accession:
        # Whether a sender names who assigned it may differ from exam to exam.
        return group.whose, "accession", order.accession.value
    if order.filler:
        return group.whose, order.filler.authority, order.filler.value
    return group.number


def _with_text(groups: list[Group], sender: SenderMap) -> list[Group]:
    """Each group without text joined to the one with text before it of the same patient, else to the first after it."""
    with_text = {id(group) for group in groups if group.all("OBX")}
    first: dict[str, Group] = {}
    for group in groups:
        if id(group) in with_text:
            first.setdefault(group.whose, group)
    latest: dict[str, Group] = {}
    kept: list[Group] = []
    for group in groups:
        beside = latest.get(group.whose) or first.get(group.whose)
        if id(group) in with_text:
            latest[group.whose] = group
        if id(group) in with_text or beside is None or not _stands(group, sender):
            kept.append(group)
        else:
            beside.join(group)
    return kept


def read_exams(group: Group, body: Body, sender: SenderMap) -> tuple[Order, tuple[Order, ...]]:
    """The report's order, and all its exams where it has several. What one lacks of their accession the others give."""
    orders = [read_order(part, sender) for part in (group.linked or [group]) if _stands(part, sender)]
    if not orders:
        orders = [read_order(group, sender)]
    first = _named(orders[0], group, body) if len(orders) == 1 else orders[0]
    exams = [first, *orders[1:]]
    filled = _filled(exams)
    if len({_identity(each) for each in filled}) == 1:
        return filled[0], ()
    urgent = min(each.priority for each in filled)
    return filled[0].model_copy(update={"priority": urgent}), tuple(filled)


def _stands(group: Group, sender: SenderMap) -> bool:
    words = [obr.value(25) for obr in group.all("OBR")]
    return not words or any(sender.status_of(word) not in _OFF for word in words)


def _identity(order: Order) -> tuple[str, str, str, str]:
    accession = order.accession.value if order.accession else ""
    return accession, order.procedure.code, order.procedure.display, order.modality


_SHARED = ("accession", "filler", "placer", "reason", "study_uid", "orderer")


def _filled(orders: list[Order]) -> list[Order]:
    """Identifiers, reason and study that one accession shares; an exam without a number shares those of the first."""
    shared: dict[str, dict[str, object]] = {}
    number = next((each.accession.value for each in orders if each.accession), "")
    for order in orders:
        known = shared.setdefault(order.accession.value if order.accession else number, {})
        for name in _SHARED:
            if value := getattr(order, name):
                known.setdefault(name, value)
    return [_with(order, shared[order.accession.value if order.accession else number]) for order in orders]


def _with(order: Order, known: dict[str, object]) -> Order:
    lacking = {name: value for name, value in known.items() if not getattr(order, name)}
    return order.model_copy(update=lacking) if lacking else order


def _named(order: Order, group: Group, body: Body) -> Order:
    """The exam of an order that names none: as OBX-3 or a line of the text does."""
    if order.procedure.code or order.procedure.display:
        return order
    found = _in_obx(group) or _in_text(body.text)
    return order.model_copy(update={"procedure": found}) if found else order


def _in_obx(group: Group) -> Coding | None:
    for obx in group.all("OBX"):
        found = coding(obx.parts(3))
        words = found.display or found.code
        if _EXAM.search(words) and not section_titled(words):
            return found if found.display else Coding(display=words)
    return None


def _in_text(text: str) -> Coding | None:
    """ "EXAM: XR CHEST 2 VIEWS", or a first line that is the name of an exam."""
    named = _LINE.search(text)
    if named:
        return Coding(display=named.group(1).rstrip("."))
    first = text.lstrip().split("\n", 1)[0].strip()
    short = len(first.split()) <= _LONGEST_NAME and not first.endswith(".") and ":" not in first
    return Coding(display=first) if short and _EXAM.search(first) else None


_LONGEST_NAME = 8
