"""One worked example: a fictional report, and every resource we write of it. For documentation and checks."""

from __future__ import annotations

from datetime import UTC, datetime

from integration.canonical import (
    Advisory,
    AdvisoryKind,
    Change,
    Code,
    Coding,
    Door,
    Engine,
    Finding,
    Identifier,
    Order,
    Patient,
    Person,
    Priority,
    Quote,
    Report,
    ReportStatus,
    Sex,
    Side,
    Source,
    Status,
    Suggestion,
    Verdict,
    observation_identifier,
    sha256,
)
from integration.fhir.advisory import SignedAdvisory, flag, proposal
from integration.fhir.audit_event import Signing, audit_event
from integration.fhir.device import device
from integration.fhir.diagnostic_report import diagnostic_report
from integration.fhir.elements import literal, person_reference
from integration.fhir.observation import Links, observation
from integration.fhir.patient import patient
from integration.fhir.provenance import provenance
from integration.fhir.service_request import service_request
from integration.fhir.subscription import rest_hook, topic
from integration.fhir.systems import SNOMED, Json, Systems
from integration.fhir.task import Outcome, Output, Review, TaskStatus, task

SYSTEMS = Systems("https://countersign.example.org/fhir", {"HOSP": "https://hospital.example.org/mrn"})
ISSUED = datetime(2026, 3, 4, 10, 15, tzinfo=UTC)
READ = datetime(2026, 3, 4, 10, 15, 30, tzinfo=UTC)
SIGNED = datetime(2026, 3, 4, 10, 40, tzinfo=UTC)
TEXT = """EXAM: Chest radiograph, two views.
FINDINGS: Small left pleural effusion, increased since the prior exam. No pneumothorax.
IMPRESSION: Small left pleural effusion. Follow-up CT in 3 months is recommended."""
ENGINE = Engine(name="rules", version="1.0", catalogue="chest-xray", catalogue_version="1")
MODEL = Engine(
    name="example-model",
    version="1.0",
    model="example/model",
    prompt_version="1",
    catalogue="chest-xray",
    catalogue_version="1",
)
RADIOLOGIST = Person(
    identifier=Identifier(value="7781", authority="https://hospital.example.org/staff"),
    family="Example",
    given="Rae",
)


def quoted(words: str) -> Quote:
    """The first place in the report with these words."""
    start = TEXT.index(words)
    return Quote(text=words, start=start, end=start + len(words))


CRITICAL = Advisory(
    kind=AdvisoryKind.CRITICAL_RESULT,
    message="Critical result: Pleural effusion (no communication recorded)",
    quotes=(quoted("Small left pleural effusion, increased since the prior exam."),),
    detail={"communicated": "no"},
)
FOLLOW_UP = Advisory(
    kind=AdvisoryKind.FOLLOW_UP,
    message="Follow-up: CT 3 months",
    quotes=(quoted("Follow-up CT in 3 months is recommended."),),
    detail={"modality": "CT", "interval": "3 months"},
)


def report() -> Report:
    """A final chest radiograph report as an interface engine would have sent it."""
    return Report(
        site="default",
        source=Source(door=Door.HL7, application="RIS", facility="HOSP", control_id="1"),
        patient=Patient(
            identifiers=(Identifier(value="4711", authority="HOSP", type="MR"),),
            family="Sample",
            given="Sam",
            birth_date="1950-01-31",
            sex=Sex.OTHER,
        ),
        order=Order(
            accession=Identifier(value="ACC-100", authority="RIS"),
            filler=Identifier(value="F-100", authority="RIS"),
            placer=Identifier(value="P-100", authority="EHR"),
            procedure=Coding(code="36643-5", display="XR Chest 2 Views", system="LN"),
            modality="DX",
            body_site="Chest",
            reason="Shortness of breath",
            priority=Priority.ROUTINE,
        ),
        status=ReportStatus.FINAL,
        text=TEXT,
        issued=ISSUED,
        observed=datetime(2026, 3, 4, 9, 50, tzinfo=UTC),
        interpreter=RADIOLOGIST,
    )


def suggestion(engine: Engine | None = ENGINE) -> Suggestion:
    """The effusion the report asserts; without an engine, as a reviewer would have added it."""
    finding = Finding(
        id="pleural_effusion",
        name="Pleural effusion",
        codes=(Code(system=SNOMED, code="60046008", display="Pleural effusion", verified=True),),
    )
    verdict = Verdict(
        finding=finding,
        status=Status.PRESENT,
        side=Side.LEFT,
        change=Change.INCREASED,
        quotes=(quoted("Small left pleural effusion, increased since the prior exam."),),
    )
    key = report_key()
    name = observation_identifier(key, report().content_hash, finding.id, Side.LEFT)
    return Suggestion(identifier=name, verdict=verdict, engine=engine)


def let_stand(advisory: Advisory) -> SignedAdvisory:
    """An advisory the example's radiologist let stand."""
    return SignedAdvisory(
        identifier=sha256(report_key(), advisory.message),
        advisory=advisory,
        signed=SIGNED,
        signer=person_reference(RADIOLOGIST, SYSTEMS),
        subject=literal("Patient/1"),
        report=literal("DiagnosticReport/3"),
        evidence=literal("Observation/5"),
    )


def report_key() -> str:
    """The example's report key."""
    return sha256(*(report().key_parts or ()))


def resources() -> dict[str, Json]:
    """Every resource we write, by the name it has on the documentation page."""
    subject, order, found = literal("Patient/1"), literal("ServiceRequest/2"), literal("DiagnosticReport/3")
    machine, finding = literal("Device/4"), literal("Observation/5")
    reader = person_reference(RADIOLOGIST, SYSTEMS)
    by_machine = Links(subject=subject, report=found, device=machine)
    signed = Links(subject=subject, report=found, device=machine, performer=reader)
    by_hand = Links(subject=subject, report=found, performer=reader)
    source, key = report(), report_key()
    versioned = literal("DiagnosticReport/3/_history/1")
    outputs = [Output(finding, Outcome.APPROVED)]
    remarks = ["Discrepancy: Findings and impression disagree on the side of Pleural effusion"]
    review = Review(
        f"{key}-1", TaskStatus.COMPLETED, found, subject, ISSUED, SIGNED, owner=reader, outputs=outputs, notes=remarks
    )
    return {
        "Observation, preliminary": observation(suggestion(), source, by_machine, "preliminary", SYSTEMS),
        "Observation, final": observation(suggestion(), source, signed, "final", SYSTEMS),
        "Observation, added by hand": observation(suggestion(None), source, by_hand, "final", SYSTEMS),
        "Device, a rules engine": device(ENGINE, SYSTEMS),
        "Device, a language model": device(MODEL, SYSTEMS),
        "Provenance": provenance(f"{key}-1", [finding], versioned, READ, SYSTEMS, authors=[machine], verifier=reader),
        "Flag, a critical result": flag(let_stand(CRITICAL), SYSTEMS),
        "ServiceRequest, a follow-up proposed": proposal(let_stand(FOLLOW_UP), SYSTEMS),
        "Task": task(review, SYSTEMS),
        "AuditEvent": audit_event(Signing(f"{key}-1", SIGNED, reader, subject, found, (finding,)), SYSTEMS),
        "Patient": patient(source.patient, SYSTEMS),
        "ServiceRequest, the order": service_request(key, source, subject, SYSTEMS),
        "DiagnosticReport": diagnostic_report(key, source, subject, order, SYSTEMS),
        "Subscription, R4": rest_hook("https://countersign.example.org/notify", "a secret", SYSTEMS),
        "Subscription, R4 Backport": topic(
            "https://ehr.example.org/SubscriptionTopic/diagnosticreport-final",
            "https://countersign.example.org/notify",
            "a secret",
            SYSTEMS,
            heartbeat=60,
        ),
    }
