"""The records every adapter speaks: what a report is, whoever sent it.

All records are frozen and JSON-serialisable (`model_dump(mode="json")`), hold no behaviour beyond derived
identity, and import nothing of ours.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Record(BaseModel):
    """A frozen value; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Door(StrEnum):
    """Through which interface a message came in."""

    HL7 = "hl7"
    FHIR = "fhir"


class ReportStatus(StrEnum):
    """DiagnosticReport.status (FHIR R4 value set diagnostic-report-status)."""

    REGISTERED = "registered"
    PRELIMINARY = "preliminary"
    PARTIAL = "partial"
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    APPENDED = "appended"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


STATUS_RANK: dict[ReportStatus, int] = {
    ReportStatus.UNKNOWN: 0,
    ReportStatus.REGISTERED: 1,
    ReportStatus.PRELIMINARY: 2,
    ReportStatus.PARTIAL: 3,
    ReportStatus.FINAL: 4,
    ReportStatus.APPENDED: 5,
    ReportStatus.AMENDED: 5,
    ReportStatus.CORRECTED: 5,
    ReportStatus.CANCELLED: 6,
    ReportStatus.ENTERED_IN_ERROR: 7,
}


class Priority(IntEnum):
    """Lower is more urgent; the number is what the job queue sorts by."""

    STAT = 0
    URGENT = 1
    ROUTINE = 2


class Sex(StrEnum):
    """FHIR administrative-gender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """The side a finding is on."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class Status(StrEnum):
    """What a report says of one candidate finding; the definitions are in docs/reading.md."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"
    NOT_MENTIONED = "not_mentioned"


class Change(StrEnum):
    """Against the prior exam, as the report words it."""

    NEW = "new"
    INCREASED = "increased"
    DECREASED = "decreased"
    UNCHANGED = "unchanged"
    RESOLVED = "resolved"


class SectionKind(StrEnum):
    """The part of a report a span of text belongs to."""

    INDICATION = "indication"
    HISTORY = "history"
    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    RECOMMENDATION = "recommendation"
    ADDENDUM = "addendum"
    OTHER = "other"


class Identifier(Record):
    """A value and who assigned it (HL7 v2 CX.4 / EI.2, FHIR Identifier.system); authority "" if not said."""

    value: str
    authority: str = ""
    type: str = ""


class Coding(Record):
    """A code in a code system; `system` is a URI or an HL7 v2 table 0396 mnemonic, as received."""

    code: str = ""
    display: str = ""
    system: str = ""


class Person(Record):
    """A practitioner as the source names them."""

    identifier: Identifier | None = None
    family: str = ""
    given: str = ""


class Patient(Record):
    """Who the report is about; `identifiers` in the order received, the first decides identity."""

    identifiers: tuple[Identifier, ...] = ()
    family: str = ""
    given: str = ""
    birth_date: str = ""
    sex: Sex = Sex.UNKNOWN
    reference: str = ""


class Order(Record):
    """What was asked for and carried out; `orderer` asked for it."""

    accession: Identifier | None = None
    filler: Identifier | None = None
    placer: Identifier | None = None
    procedure: Coding = Coding()
    modality: str = ""
    body_site: str = ""
    side: Side | None = None
    reason: str = ""
    priority: Priority = Priority.ROUTINE
    study_uid: str = ""
    reference: str = ""
    orderer: Person | None = None


class Processing(StrEnum):
    """What a message is for (MSH-11, HL7 table 0103)."""

    PRODUCTION = "P"
    TRAINING = "T"
    DEBUGGING = "D"


class EventKind(StrEnum):
    """What sort of event a row of an audit trail is (DICOM PS3.16 CID 400 and what was done to whose record)."""

    AUTHENTICATION = "authentication"
    EXPORT = "export"
    QUERY = "query"
    READ = "read"
    CHANGE = "change"
    DELETION = "deletion"
    ACTIVITY = "activity"
    AUDIT_USED = "audit_used"


class Section(Record):
    """A span [start, end) of `Report.text`, in characters, that the source marked as one section."""

    kind: SectionKind
    start: int
    end: int


class Source(Record):
    """Where this came from: the message (HL7) or resource version (FHIR)."""

    door: Door
    application: str = ""
    facility: str = ""
    control_id: str = ""
    message_type: str = ""
    reference: str = ""
    version: str = ""


class Report(Record):
    """One report as one source sent it. Times are ISO 8601 aware datetimes with the source's offset kept.

    `issued`: OBR-22 / DiagnosticReport.issued; `message_time`: MSH-7 / meta.lastUpdated; `observed`: exam.
    `addendum_only`: the text is an addendum to append to the latest body, not a whole report. `exams`: all exams of a
    report of several, `order` the first of them; empty where there is one. `notes`: what the source said beside the
    text, and what of it is not read.
    """

    # A release that knows more fields may have written the record.
    model_config = ConfigDict(frozen=True, extra="ignore")

    site: str
    source: Source
    patient: Patient
    order: Order
    status: ReportStatus
    text: str = ""
    sections: tuple[Section, ...] = ()
    addendum_only: bool = False
    issued: datetime | None = None
    message_time: datetime | None = None
    observed: datetime | None = None
    interpreter: Person | None = None
    notes: tuple[str, ...] = ()
    exams: tuple[Order, ...] = ()
    processing: Processing = Processing.PRODUCTION

    @model_serializer(mode="wrap")
    def _as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what the release before does not know, where it says nothing: that release reads these records."""
        record: dict[str, Any] = plain(self)
        if not self.exams:
            record.pop("exams", None)
        if self.processing is Processing.PRODUCTION:
            record.pop("processing", None)
        return record

    @property
    def key_parts(self) -> tuple[str, ...] | None:
        """(site, patient authority, patient id, order authority, order id); None without patient or order.

        What is for training or debugging is never a version of a real report: its key has one part more.
        """
        order = self.order.accession or self.order.filler
        if not self.patient.identifiers or order is None:
            return None
        # The accession number is taken without its authority: the same exam comes through two doors, and
        # only one of them tends to name who assigned it.
        authority = "" if self.order.accession else order.authority
        patient = self.patient.identifiers[0]
        apart = () if self.processing is Processing.PRODUCTION else (self.processing.value,)
        return (self.site, patient.authority, patient.value, authority, order.value, *apart)

    @property
    def other_keys(self) -> tuple[tuple[str, ...], ...]:
        """The key parts that the report would have by the accession numbers of its further exams."""
        orders = (self.model_copy(update={"order": exam}) for exam in self.exams if exam.accession)
        found = dict.fromkeys(each.key_parts for each in orders)
        return tuple(parts for parts in found if parts and parts != self.key_parts)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the canonical text and the procedure codes, sorted; status is not part of it."""
        codes = sorted({exam.procedure.code for exam in self.exams}) or [self.order.procedure.code]
        return sha256(" ".join(self.text.split()), *codes)

    @property
    def status_rank(self) -> int:
        """Position in the order of versions."""
        return STATUS_RANK[self.status]


def sha256(*parts: str) -> str:
    """SHA-256 (hex, 64 characters) of the parts, each length-prefixed so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


class Code(Record):
    """A terminology code of a finding, with the document or repository@commit it was taken from."""

    system: str
    code: str
    display: str = ""
    source: str = ""
    verified: bool = False


class Finding(Record):
    """What a suggestion is about: a catalogue entry's identity, carried where its codes are needed."""

    id: str
    name: str
    codes: tuple[Code, ...] = ()
    critical: bool = False


class Quote(Record):
    """An exact slice of the report: text == report.text[start:end]. Offsets in characters."""

    text: str
    start: int
    end: int


class Engine(Record):
    """Which reader at which versions gave an answer. `name` is the key in engines.yaml, or "rules"."""

    name: str
    version: str
    model: str = ""
    prompt_version: str = ""
    catalogue: str = ""
    catalogue_version: str = ""


class AdvisoryKind(StrEnum):
    """What an advisory is about; advisories leave the house only at Sign."""

    CRITICAL_RESULT = "critical_result"
    FOLLOW_UP = "follow_up"
    DISCREPANCY = "discrepancy"
    INJECTION = "injection"
    SCORE = "score"


class Advisory(Record):
    """A remark on the whole report, with the quote it rests on.

    `detail` by kind: critical_result {"finding": id where known, "communicated": "yes"|"no"};
    follow_up {"modality", "interval", "or": modalities of which one will do, where any};
    discrepancy {"type"}; injection {"pattern"}; score {"scale", "value"}.
    """

    kind: AdvisoryKind
    message: str
    quotes: tuple[Quote, ...] = ()
    detail: dict[str, str] = {}


class Verdict(Record):
    """One reader's answer for one candidate.

    `rationale` is the one line a reviewer reads. `unsupported`: no quote of it stands in the report.
    `confidence` is a vote share in [0, 1], None for rules and single votes. `rule` explains a rules verdict.
    `grade`: the class of decisions it belongs to, "" for a model's. Not `shown`: folded into "also mentioned", never
    pre-selected, never sent unless a reviewer promotes it.
    `calm`: why a critical finding raises no alarm ("unchanged"), "" where it does.
    """

    finding: Finding
    status: Status
    side: Side | None = None
    change: Change | None = None
    quotes: tuple[Quote, ...] = ()
    rationale: str = ""
    rule: str = ""
    conflict: bool = False
    unsupported: bool = False
    confidence: float | None = None
    grade: str = ""
    shown: bool = True
    calm: str = ""

    @property
    def alarming(self) -> bool:
        """Whether it asserts a critical finding that is new or current."""
        return self.finding.critical and self.status is Status.PRESENT and not self.calm


class Suggestion(Record):
    """A verdict on its way to a reviewer and to FHIR, with its stable Observation identifier."""

    identifier: str
    verdict: Verdict
    engine: Engine | None
    rules_status: Status | None = None


def observation_identifier(report_key: str, content_hash: str, finding_id: str, side: Side | None) -> str:
    """The Observation's identifier value. No engine or model version: a retry writes no second set."""
    return sha256("observation", report_key, content_hash, finding_id, side or "")
