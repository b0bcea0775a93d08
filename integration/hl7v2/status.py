"""What a report's status is, from every place that says something of it (OBR-25, TXA-17, TXA-19, OBX-11, the event)."""

from __future__ import annotations

from typing import NamedTuple

from integration.canonical import STATUS_RANK, ReportStatus
from integration.hl7v2.groups import Group
from integration.hl7v2.msh import Header
from integration.hl7v2.observations import Body
from integration.hl7v2.segments import Segment
from integration.hl7v2.senders import SenderMap
from integration.reasons import reason, shape

CANCEL = "T11"
# MDM events that carry the document (HL7 v2.8 §9.5): new, status change, addendum, edit, replacement.
DOCUMENTS = {
    "T02": None,
    "T04": None,
    "T06": ReportStatus.APPENDED,
    "T08": ReportStatus.CORRECTED,
    "T10": ReportStatus.CORRECTED,
}
# TXA-17 (HL7 table 0271): dictated to pre-authenticated is not final yet; authenticated is.
COMPLETION = {
    "DI": ReportStatus.PRELIMINARY,
    "DO": ReportStatus.PRELIMINARY,
    "IP": ReportStatus.PRELIMINARY,
    "IN": ReportStatus.PRELIMINARY,
    "PA": ReportStatus.PRELIMINARY,
    "AU": ReportStatus.FINAL,
    "LA": ReportStatus.FINAL,
}
# TXA-19 (HL7 table 0273): available, deleted, obsolete, unavailable for patient care.
_AVAILABLE, _DELETED, _OBSOLETE, _UNAVAILABLE = "AV", "CA", "OB", "UN"
_EARLY = (ReportStatus.PRELIMINARY, ReportStatus.PARTIAL)
_CORRECTIONS = (ReportStatus.CORRECTED, ReportStatus.AMENDED)
GONE = (ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR, ReportStatus.REGISTERED)


class Said(NamedTuple):
    """The status; or why the message is left to a person: `fault` names place and reason."""

    status: ReportStatus
    fault: str = ""


def status_of(header: Header, group: Group, body: Body, sender: SenderMap) -> Said:
    """The report's status.

    OBR-25 decides, except that a correction or a retraction said line by line in OBX-11 counts too; without OBR-25
    it is TXA-17, then what all OBX-11 agree on. A document that TXA-19 calls deleted was entered in error.
    """
    if header.trigger == CANCEL:
        return Said(ReportStatus.ENTERED_IN_ERROR)
    txa = group.first("TXA")
    availability = txa.value(19).upper() if txa else ""
    if availability == _DELETED:
        return Said(ReportStatus.ENTERED_IN_ERROR)
    if availability == _OBSOLETE:
        fault = reason(f"TXA-19 of {group.where}", "OB (the document is obsolete)", "AV, or the one that replaces it")
        return Said(ReportStatus.UNKNOWN, fault)
    if body.gone:
        return Said(_taken_back(group, body, sender))
    said = _said(header, group, body, sender)
    if availability == _UNAVAILABLE and said.status not in GONE:
        return Said(ReportStatus.PRELIMINARY)
    return said


def _taken_back(group: Group, body: Body, sender: SenderMap) -> ReportStatus:
    """All lines are D, W or X: the report was wrong, or a correction says that there is none; else it was cancelled."""
    words = {sender.status_of(obr.value(25)) for obr in group.all("OBR")}
    if ReportStatus.ENTERED_IN_ERROR in body.statuses or not words.isdisjoint(_CORRECTIONS):
        return ReportStatus.ENTERED_IN_ERROR
    return ReportStatus.CANCELLED


def _said(header: Header, group: Group, body: Body, sender: SenderMap) -> Said:
    by_order = _of_orders(group, sender)
    if by_order is not None and by_order.fault:
        return by_order
    by_document = _of_document(group.first("TXA"), group, sender)
    if by_document is not None and by_document.fault:
        return by_document
    found = [each.status for each in (by_order, by_document) if each is not None]
    status = found[0] if found else _agreed(body.statuses)
    if len(found) > 1 and found[1] in _EARLY and found[0] not in GONE:
        status = found[1]
    by_event = DOCUMENTS.get(header.trigger) if header.code == "MDM" else None
    if by_event is not None and status in (ReportStatus.FINAL, ReportStatus.UNKNOWN):
        return Said(by_event)
    if status is ReportStatus.FINAL and ReportStatus.CORRECTED in body.statuses:
        return Said(ReportStatus.CORRECTED)
    if status is ReportStatus.UNKNOWN:
        return Said(status, _unknown("OBR-25 and OBX-11", group, ""))
    return Said(status)


def _unknown(place: str, group: Group, word: str) -> str:
    return reason(f"{place} of {group.where}", shape(word), "a status word that is known", "status")


def _of_orders(group: Group, sender: SenderMap) -> Said | None:
    """OBR-25 of the exams that have text, else of all; the report is no further than the least of them."""
    orders = group.reporting
    words = [obr.value(25) for obr in orders]
    statuses = [sender.status_of(word) for word in words if word or sender.status_of(word)]
    if None in statuses:
        unknown = next(word for word in words if word and sender.status_of(word) is None)
        return Said(ReportStatus.UNKNOWN, _unknown("OBR-25", group, unknown))
    known = [status for status in statuses if status is not None]
    standing = [status for status in known if status not in GONE] or known
    return Said(_agreed(tuple(standing)) if len(set(standing)) > 1 else standing[0]) if standing else None


def _of_document(txa: Segment | None, group: Group, sender: SenderMap) -> Said | None:
    word = txa.value(17).upper() if txa else ""
    if not word:
        return None
    status = COMPLETION.get(word) or sender.status.get(word)
    return Said(status) if status else Said(ReportStatus.UNKNOWN, _unknown("TXA-17", group, word))


def _agreed(statuses: tuple[ReportStatus, ...]) -> ReportStatus:
    """One word for many lines: preliminary while any line is, corrected once any is."""
    for status in (*_EARLY, ReportStatus.CORRECTED):
        if status in statuses:
            return status
    if len(set(statuses)) == 1:
        return statuses[0]
    standing = [status for status in statuses if status not in GONE]
    return max(standing, key=STATUS_RANK.__getitem__) if standing else ReportStatus.UNKNOWN
