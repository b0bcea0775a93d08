"""Signed findings on their way back to the interface engine: ORU^R01 (HL7 v2.5.1), built and checked by hl7apy.

It can never pass for the radiologist's report: the procedure code (OBR-4) and the order number (OBR-3) are ours,
the order it rests on stands only as the parent (ORC-8, OBR-29), and MSH-3/4 are ours, so that our own listener
knows the echo.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Group, Message
from hl7apy.exceptions import HL7apyException
from hl7apy.validation import Validator

from integration.canonical import (
    Coding,
    Finding,
    Identifier,
    Patient,
    Person,
    Record,
    Report,
    Sex,
    Side,
    Status,
    Suggestion,
)

VERSION = "2.5.1"
# HL7 table 0396; anything else is named as it is.
_SYSTEMS = {
    "http://snomed.info/sct": "SCT",
    "http://loinc.org": "LN",
    "http://radlex.org": "RADLEX",
    "http://www.radlex.org": "RADLEX",
}
_OURS = "99COUNTERSIGN"
_PROCEDURE = Coding(code="FINDINGS", display="Countersigned findings", system=_OURS)
_PRESENCE = {
    Status.PRESENT: Coding(code="52101004", display="Present", system="SCT"),
    Status.ABSENT: Coding(code="2667000", display="Absent", system="SCT"),
    Status.UNCERTAIN: Coding(code="82334004", display="Indeterminate", system="SCT"),
}
_LATERALITY = Coding(code="272741003", display="Laterality", system="SCT")
_SIDES = {
    Side.LEFT: Coding(code="7771000", display="Left", system="SCT"),
    Side.RIGHT: Coding(code="24028007", display="Right", system="SCT"),
    Side.BILATERAL: Coding(code="51440002", display="Right and left", system="SCT"),
}
# OBX-8, HL7 table 0078; a finding that is uncertain is neither.
_ABNORMAL = {Status.PRESENT: "A", Status.ABSENT: "N"}
_SEXES = {Sex.MALE: "M", Sex.FEMALE: "F", Sex.OTHER: "O", Sex.UNKNOWN: "U"}
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class InvalidMessage(ValueError):
    """The findings cannot be said in a valid ORU^R01; names segment or field, never a value."""


class Signature(Record):
    """Who signed, and when (aware)."""

    signer: Person
    signed_at: datetime


class Envelope(Record):
    """MSH-3 to MSH-6 and MSH-10; `control_id` at most 20 characters."""

    application: str
    facility: str
    receiving_application: str = ""
    receiving_facility: str = ""
    control_id: str


class SignedFinding(Record):
    """A finding and its result status (OBX-11): F, or C after an amendment, or W when it was taken back."""

    suggestion: Suggestion
    result_status: str = "F"


def build_oru(
    report: Report,
    findings: Iterable[SignedFinding],
    signature: Signature,
    envelope: Envelope,
    *,
    amended: bool = False,
) -> bytes:
    """The message, segments ended by CR, in UTF-8. Raises InvalidMessage.

    `amended`: this replaces findings of ours sent before (OBR-25 C under our own order number). A report with no
    findings gives a message with the OBR alone and a note that says so.
    """
    signed = list(findings)
    try:
        message = Message("ORU_R01", version=VERSION, validation_level=VALIDATION_LEVEL.STRICT)
        _msh(message, envelope, signature)
        result = message.add_group("ORU_R01_PATIENT_RESULT")
        _pid(result.add_group("ORU_R01_PATIENT"), report.patient)
        order = result.add_group("ORU_R01_ORDER_OBSERVATION")
        _order(order, report, signature, amended=amended, empty=not signed)
        for number, finding in enumerate(signed, 1):
            _observations(order, number, finding, report, signature)
        Validator.validate(message)
        return str(message.to_er7()).encode() + b"\r"
    except HL7apyException as error:
        raise InvalidMessage(f"not a valid ORU^R01: {type(error).__name__}: {_place(str(error))}") from None


def order_number(report: Report) -> str:
    """OBR-3.1, in a namespace of our own: the same for every message about one report."""
    parts = report.key_parts
    if parts is None:
        raise InvalidMessage("the report has no patient or order identifier")
    return f"CS-{'-'.join(part for part in parts[3:] if part)}"[:199]


def _place(text: str) -> str:
    """The names of segments and fields in a fault of hl7apy, without the values it may quote."""
    names = re.findall(r"\b(?:ORU_R01\w*|[A-Z][A-Z0-9]{2}(?:_\d+)+|[A-Z]{2,3}_\d+)\b", text)
    return ", ".join(dict.fromkeys(names)) or "unnamed element"


def _msh(message: Message, envelope: Envelope, signature: Signature) -> None:
    msh = message.msh
    msh.msh_3, msh.msh_4 = _text(envelope.application), _text(envelope.facility)
    if envelope.receiving_application:
        msh.msh_5 = _text(envelope.receiving_application)
    if envelope.receiving_facility:
        msh.msh_6 = _text(envelope.receiving_facility)
    msh.msh_7 = _time(signature.signed_at)
    msh.msh_9 = "ORU^R01^ORU_R01"
    msh.msh_10 = _text(envelope.control_id)
    msh.msh_11 = "P"
    msh.msh_12 = VERSION
    msh.msh_18 = "UNICODE UTF-8"


def _pid(group: Group, patient: Patient) -> None:
    pid = group.add_segment("PID")
    pid.pid_1 = "1"
    if not patient.identifiers:
        raise InvalidMessage("PID-3: the report has no patient identifier")
    for identifier in patient.identifiers:
        pid.add_field("pid_3").value = f"{_text(identifier.value)}^^^{_authority(identifier)}^{_text(identifier.type)}"
    pid.pid_5 = f"{_text(patient.family)}^{_text(patient.given)}" if patient.family else "^"
    if patient.birth_date:
        pid.pid_7 = patient.birth_date.replace("-", "")
    pid.pid_8 = _SEXES[patient.sex]


def _order(group: Group, report: Report, signature: Signature, *, amended: bool, empty: bool) -> None:
    number, parent = _entity(Identifier(value=order_number(report), authority=_OURS)), _parent(report)
    orc = group.add_segment("ORC")
    orc.orc_1, orc.orc_3 = "RE", number
    obr = group.add_segment("OBR")
    obr.obr_1, obr.obr_3, obr.obr_4 = "1", number, _coded(_PROCEDURE)
    if parent:
        orc.orc_8, obr.obr_29 = parent, parent
    if report.observed:
        obr.obr_7 = _time(report.observed)
    obr.obr_22 = _time(signature.signed_at)
    obr.obr_25 = "C" if amended else "F"
    obr.obr_32 = _principal(signature.signer)
    if empty:
        _note(group, 1, "No findings were signed for this report.")


def _observations(order: Group, number: int, finding: SignedFinding, report: Report, signature: Signature) -> None:
    verdict = finding.suggestion.verdict
    if verdict.status not in _PRESENCE:
        raise InvalidMessage(f"OBX-5: nothing is sent for a finding that is {verdict.status}")
    group = _observation(order, number, finding, _code(verdict.finding), _PRESENCE[verdict.status], report, signature)
    for place, text in enumerate(_notes(finding.suggestion), 1):
        _note(group, place, text)
    if verdict.side:
        _observation(order, number, finding, _LATERALITY, _SIDES[verdict.side], report, signature)


def _observation(
    order: Group,
    number: int,
    finding: SignedFinding,
    code: Coding,
    value: Coding,
    report: Report,
    signature: Signature,
) -> Group:
    """OBX; those of one finding share OBX-4."""
    group = order.add_group("ORU_R01_OBSERVATION")
    obx = group.add_segment("OBX")
    obx.obx_1 = str(len(order.children.get("ORU_R01_OBSERVATION") or ()))
    obx.obx_2, obx.obx_3, obx.obx_4, obx.obx_5 = "CWE", _coded(code), str(number), _coded(value)
    verdict = finding.suggestion.verdict
    if code is not _LATERALITY and verdict.status in _ABNORMAL:
        obx.obx_8 = _ABNORMAL[verdict.status]
    obx.obx_11 = finding.result_status
    observed = report.observed or report.issued
    if observed:
        obx.obx_14 = _time(observed)
    obx.obx_16 = _xcn(signature.signer)
    if finding.suggestion.engine:
        engine = finding.suggestion.engine
        obx.obx_18 = f"{_text(engine.name)}^{_text(engine.version)}"
    obx.obx_19 = _time(signature.signed_at)
    return group


def _notes(suggestion: Suggestion) -> Iterable[str]:
    """The evidence, word for word but on one line, and who suggested it."""
    for quote in suggestion.verdict.quotes:
        yield f"Evidence: {' '.join(quote.text.split())}"
    if suggestion.engine:
        yield f"Suggested by {suggestion.engine.name} {suggestion.engine.version}, countersigned by a radiologist."


def _note(group: Group, number: int, text: str) -> None:
    nte = group.add_segment("NTE")
    nte.nte_1, nte.nte_3 = str(number), _text(text)


def _code(finding: Finding) -> Coding:
    """The first public code that was verified; else our own id, so that no code is invented."""
    for code in finding.codes:
        if code.verified:
            return Coding(code=code.code, display=code.display or finding.name, system=code.system)
    return Coding(code=finding.id, display=finding.name, system=_OURS)


def _parent(report: Report) -> str:
    """EIP: placer and filler of the radiologist's order, their parts as subcomponents."""
    placer, filler = report.order.placer, report.order.filler or report.order.accession
    return f"{_entity(placer, '&')}^{_entity(filler, '&')}" if placer or filler else ""


def _entity(identifier: Identifier | None, mark: str = "^") -> str:
    if identifier is None:
        return ""
    return mark.join((_text(identifier.value), *_hierarchic(identifier.authority))).rstrip(mark)


def _authority(identifier: Identifier) -> str:
    return "&".join(_hierarchic(identifier.authority)).rstrip("&")


def _hierarchic(authority: str) -> tuple[str, str, str]:
    """HD: namespace, universal id and its type; a URI goes back to what HL7 calls it."""
    if authority.startswith("urn:oid:"):
        return "", _text(authority.removeprefix("urn:oid:")), "ISO"
    if authority.startswith("urn:uuid:"):
        return "", _text(authority.removeprefix("urn:uuid:")), "UUID"
    if "://" in authority or authority.startswith("urn:"):
        return "", _text(authority), "URI"
    return _text(authority), "", ""


def _xcn(person: Person) -> str:
    number = person.identifier.value if person.identifier else ""
    return f"{_text(number)}^{_text(person.family)}^{_text(person.given)}".rstrip("^")


def _principal(person: Person) -> str:
    """NDL: the person as subcomponents of its first component."""
    return _xcn(person).replace("^", "&")


def _coded(coding: Coding) -> str:
    return f"{_text(coding.code)}^{_text(coding.display)}^{_text(_SYSTEMS.get(coding.system, coding.system))}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def _text(text: str) -> str:
    """Escaped (HL7 v2.5.1 §2.7.4); control characters become blanks."""
    return "".join(_ESCAPES.get(mark, mark) for mark in _CONTROL.sub(" ", text))
