"""A DiagnosticReport and what it refers to → the canonical Report, or the reason why not.

The same exam through the HL7 door gives the same key: both doors name a patient identifier's authority by its
URI (`Systems.authorities`), the accession number is the identifier of type ACSN, the filler number that of type
FILL (HL7 v2 table 0203).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integration.bounds import too_long
from integration.canonical import (
    Door,
    Identifier,
    Order,
    Patient,
    Person,
    Priority,
    Report,
    ReportStatus,
    Sex,
    Source,
)
from integration.fhir.collection import Collection
from integration.fhir.lenient import (
    canonical_identifier,
    codes,
    coding_of,
    element,
    elements,
    moment,
    strings,
    text,
    version_of,
    words,
)
from integration.fhir.report_text import Words, report_words
from integration.fhir.systems import V2_0074, Json, Systems, is_ours
from integration.notes import Note
from integration.reasons import reason, shape
from integration.wordlists import listed

# Diagnostic service sections that are imaging (HL7 v2 table 0074), with the DICOM modality where one follows.
IMAGING = {
    "RAD": "",
    "IMG": "",
    "RX": "",
    "CT": "CT",
    "NMR": "MR",
    "NMS": "NM",
    "RUS": "US",
    "CUS": "US",
    "OUS": "US",
    "VUS": "US",
    "XRC": "XA",
}
_LOINC_RADIOLOGY = ("http://loinc.org", "LP29684-5")
# What is neither imaging nor a section of table 0074, wherever its code comes from.
_OTHER = re.compile(
    r"lab|laboratory|labor|chemistry|hematology|haematology|microbiology|pathology|blood ?bank|serology|immunology"
    r"|genetics|toxicology|urinalysis|coagulation|cytology|histology|vital[ -]?signs|mb|hm|ch|bb|path|mic|108252007",
    re.I,
)
_IMAGING_WORDS = re.compile(
    r"\b(?:rad|radiolog\w*|imaging|ct|mri?|mr|us|ultrasound|x-?rays?|xr|radiograph\w*|mammogra\w*|nuclear|pet|dx|cr|mg"
    r"|nm|363679005|394914008)\b",
    re.I,
)
# Elements of a DiagnosticReport that are read, or that say nothing of what was found.
_READ = frozenset(
    listed(
        """resourceType id meta implicitRules language text contained identifier basedOn status category code subject
        effectiveDateTime effectivePeriod issued performer resultsInterpreter imagingStudy result conclusion
        conclusionCode presentedForm"""
    )
)
_NO_TEXT_NEEDED = frozenset({ReportStatus.ENTERED_IN_ERROR, ReportStatus.CANCELLED})
_PRIORITIES = {"stat": Priority.STAT, "asap": Priority.URGENT, "urgent": Priority.URGENT}


class Disposition(StrEnum):
    """What becomes of a re-read resource."""

    REPORT = "report"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Understood:
    """`report` with disposition REPORT; else `reason`. It and `notes` name elements and never a patient's text."""

    disposition: Disposition
    report: Report | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def read_report(bundle: Any, site: str, endpoint: str, systems: Systems) -> Understood:
    """The canonical Report of a collection Bundle whose first entry is the DiagnosticReport.

    `endpoint` is the FHIR server's configured name. Never raises, whatever the Bundle holds.
    """
    collection = Collection(bundle)
    resource = collection.report
    if text(resource, "resourceType") != "DiagnosticReport":
        return _quarantined(reason("Bundle.entry[0].resource", "no DiagnosticReport", "one"))
    ignored = _why_ignored(resource, systems)
    if ignored:
        return Understood(Disposition.IGNORED, reason=ignored)
    status = _status(resource)
    if status is None:
        said = text(resource, "status")
        return _quarantined(reason("DiagnosticReport.status", shape(said), "a code of R4's diagnostic-report-status"))
    spoken = report_words(collection)
    if not spoken.text and status not in _NO_TEXT_NEEDED:
        return _quarantined("; ".join([_NO_TEXT, *(note.message for note in spoken.notes)]))
    patient = _patient(collection, systems)
    if not patient.identifiers:
        return _quarantined(_nameless(collection))
    notes = (*spoken.notes, *_beside(collection))
    report = _report(collection, site, endpoint, systems, status, patient, spoken, notes)
    if found := too_long(report.patient, report.order, _PLACES):
        return _quarantined(reason(found.place, found.found, found.expected))
    return Understood(Disposition.REPORT, report, notes=tuple(note.message for note in notes))


def _quarantined(why: str) -> Understood:
    return Understood(Disposition.QUARANTINED, reason=why)


_NO_TEXT = reason(
    "DiagnosticReport.presentedForm, conclusion, text, result",
    "no text that can be read",
    "words, or a document with a text layer",
)
_PLACES = {
    "patient": "Patient.identifier",
    "name": "Patient.name",
    "accession": "DiagnosticReport.identifier (ACSN)",
    "filler": "DiagnosticReport.identifier (FILL)",
    "modality": "ImagingStudy.modality",
}
_SCOPE = "COUNTERSIGN_FHIR__SMART__SCOPE"


def _nameless(collection: Collection) -> str:
    """Why nobody knows whose report it is: a Patient without a number, one that was not read, or none named."""
    subject, expected = element(collection.report, "subject"), "an identifier with a value"
    if collection.follow(subject):
        return reason("Patient.identifier", "none with a value", expected)
    if text(subject, "reference"):
        return reason("DiagnosticReport.subject", "a reference to what we may not read", expected, _SCOPE, of="")
    return reason("DiagnosticReport.subject", "no patient", "a Patient, or an identifier with a value")


def _why_ignored(resource: Json, systems: Systems) -> str:
    if is_ours(resource, systems):
        return "our own DiagnosticReport"
    if text(resource, "status") == "registered":
        return "DiagnosticReport.status: registered, nothing is reported yet"
    categories = codes(elements(resource, "category"))
    imaging = {(V2_0074, code) for code in IMAGING} | {_LOINC_RADIOLOGY}
    known = {pair for pair in categories if pair[0] in (V2_0074, "http://loinc.org")}
    if (known and not known & imaging) or (not known & imaging and _is_other(resource)):
        return "DiagnosticReport.category: not imaging"
    return ""


def _is_other(resource: Json) -> bool:
    """Whether the categories, under whatever system, name a service that is not imaging and none that is."""
    said = [
        text(each, name)
        for concept in elements(resource, "category")
        for each, name in [
            (concept, "text"),
            *((c, n) for c in elements(concept, "coding") for n in ("code", "display")),
        ]
    ]
    spoken = [words.strip() for words in said if words.strip()]
    return any(map(_OTHER.fullmatch, spoken)) and not any(map(_IMAGING_WORDS.search, spoken))


def _beside(collection: Collection) -> list[Note]:
    """Elements that nobody reads, and references that led nowhere."""
    report = collection.report
    unread = sorted(name for name in report if name not in _READ and not name.startswith("_"))
    missing = len(elements(report, "result")) - len(collection.all_of(report, "result"))
    notes = [Note(f"not read: {', '.join(f'DiagnosticReport.{name[:40]}' for name in unread)}")] if unread else []
    if missing:
        notes.append(Note(f"DiagnosticReport.result: {missing} of them could not be read"))
    return notes


def _status(resource: Json) -> ReportStatus | None:
    try:
        return ReportStatus(text(resource, "status"))
    except ValueError:
        return None


def _report(
    collection: Collection,
    site: str,
    endpoint: str,
    systems: Systems,
    status: ReportStatus,
    patient: Patient,
    spoken: Words,
    notes: tuple[Note, ...],
) -> Report:
    resource = collection.report
    observed = text(resource, "effectiveDateTime") or text(element(resource, "effectivePeriod"), "start")
    return Report(
        site=site,
        source=_source(resource, endpoint),
        patient=patient,
        order=_order(collection, endpoint, systems),
        status=status,
        text=spoken.text,
        sections=spoken.sections,
        issued=moment(text(resource, "issued")),
        message_time=moment(text(element(resource, "meta"), "lastUpdated")),
        observed=moment(observed),
        interpreter=_interpreter(collection, systems),
        notes=(f"text from {spoken.path}", *(note.whole for note in notes)),
    )


def _source(resource: Json, endpoint: str) -> Source:
    version = version_of(resource)
    identity = text(resource, "id")
    return Source(
        door=Door.FHIR,
        application=endpoint,
        control_id=f"{identity}/{version}",
        message_type="DiagnosticReport",
        reference=f"DiagnosticReport/{identity}",
        version=version,
    )


def _patient(collection: Collection, systems: Systems) -> Patient:
    subject = element(collection.report, "subject")
    resource = collection.follow(subject)
    name = _name(resource)
    held = elements(resource, "identifier") or elements(subject, "identifier")
    gender = text(resource, "gender")
    return Patient(
        identifiers=_patient_identifiers(held, systems),
        family=text(name, "family"),
        given=" ".join(strings(name, "given")),
        birth_date=text(resource, "birthDate"),
        sex=Sex(gender) if gender in set(Sex) else Sex.UNKNOWN,
        reference=_type_and_id(text(subject, "reference")),
    )


def _patient_identifiers(held: list[Json], systems: Systems) -> tuple[Identifier, ...]:
    """The first decides identity: one whose authority the site named, then a medical record number."""

    named = set(systems.authorities.values())

    def rank(each: Identifier) -> tuple[bool, bool]:
        return each.authority not in named, each.type != "MR"

    usable = [each for each in held if text(each, "value") and text(each, "use") != "old"]
    return tuple(sorted((canonical_identifier(each, systems) for each in usable), key=rank))


def _name(resource: Json) -> Json:
    names = elements(resource, "name")
    return next((each for each in names if text(each, "use") == "official"), names[0] if names else {})


def _order(collection: Collection, endpoint: str, systems: Systems) -> Order:
    report = collection.report
    requests = collection.all_of(report, "basedOn")
    studies = collection.all_of(report, "imagingStudy")
    request = requests[0] if requests else {}
    study = studies[0] if studies else {}
    held = [each for resource in (report, study, request) for each in elements(resource, "identifier")]
    # A basedOn reference may carry the order's identifier itself, the order being unreadable to us.
    held += [each for each in map(_logical, elements(report, "basedOn")) if each]
    return Order(
        accession=_typed(held, "ACSN", systems),
        filler=_typed(held, "FILL", systems) or _business_identifier(report, endpoint, systems),
        placer=_typed(held, "PLAC", systems),
        procedure=coding_of(element(report, "code")),
        modality=_modality(report, study),
        body_site=words(element(request, "bodySite")),
        reason=words(element(request, "reasonCode")),
        priority=_PRIORITIES.get(text(request, "priority"), Priority.ROUTINE),
        study_uid=_study_uid(study),
        reference=_type_and_id(text(element(report, "basedOn"), "reference")),
        orderer=_person(collection, element(request, "requester"), systems),
    )


def _logical(reference: Json) -> Json:
    return element(reference, "identifier")


def _typed(held: list[Json], code: str, systems: Systems) -> Identifier | None:
    found = (canonical_identifier(each, systems) for each in held if text(each, "value"))
    return next((each for each in found if each.type == code), None)


def _business_identifier(report: Json, endpoint: str, systems: Systems) -> Identifier:
    """Without a typed filler number: the report's own identifier, else its id on that server."""
    untyped = [each for each in elements(report, "identifier") if text(each, "value")]
    for each in (canonical_identifier(found, systems) for found in untyped):
        if not each.type:
            return each
    return Identifier(value=f"DiagnosticReport/{text(report, 'id')}", authority=endpoint)


def _modality(report: Json, study: Json) -> str:
    named = text(element(study, "modality"), "code")
    if named:
        return named
    sections = (code for system, code in sorted(codes(elements(report, "category"))) if system == V2_0074)
    return next((IMAGING[code] for code in sections if IMAGING.get(code)), "")


def _study_uid(study: Json) -> str:
    """The ImagingStudy.identifier whose system is urn:dicom:uid, without its urn:oid: prefix."""
    for each in elements(study, "identifier"):
        if text(each, "system") == "urn:dicom:uid":
            return text(each, "value").removeprefix("urn:oid:")
    return ""


def _interpreter(collection: Collection, systems: Systems) -> Person | None:
    report = collection.report
    return _person(collection, element(report, "resultsInterpreter") or element(report, "performer"), systems)


def _person(collection: Collection, held: Json, systems: Systems) -> Person | None:
    """Whom a reference names: by the resource where it was read, else by its own identifier and display."""
    if not held:
        return None
    resource = collection.follow(held)
    if text(resource, "resourceType") == "PractitionerRole":
        held = element(resource, "practitioner") or held
        resource = collection.follow(held)
    found = element(resource, "identifier") or element(held, "identifier")
    name = _name(resource)
    person = Person(
        identifier=canonical_identifier(found, systems) if text(found, "value") else None,
        family=text(name, "family") or text(held, "display"),
        given=" ".join(strings(name, "given")),
    )
    return person if person != Person() else None


def _type_and_id(reference: str) -> str:
    """ "Patient/1" of a relative, absolute or versioned reference; "" for urn: and #contained ones."""
    parts = reference.split("/_history/")[0].split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 and not reference.startswith(("urn:", "#")) else ""
