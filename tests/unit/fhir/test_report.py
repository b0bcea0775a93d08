"""Reading a DiagnosticReport and what it refers to."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.canonical import Door, Priority, ReportStatus, SectionKind
from integration.fhir.collection import bundle_of, references_to_read
from integration.fhir.report import Disposition, Understood, read_report
from integration.fhir.systems import V2_0203, Json
from tests.fhir_examples import SYSTEMS, resources
from tests.fhir_examples import report as hl7_report

MRN = "https://hospital.example.org/mrn"


def identifier(code: str, value: str, system: str = "urn:x") -> Json:
    return {"type": {"coding": [{"system": V2_0203, "code": code}]}, "system": system, "value": value}


def form(data: bytes, kind: str) -> Json:
    return {"contentType": kind, "data": base64.b64encode(data).decode()}


PATIENT: Json = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [identifier("SS", "999", "urn:ssn"), identifier("MR", "4711", MRN)],
    "name": [{"family": "Sample", "given": ["Sam"]}],
    "gender": "other",
    "birthDate": "1950-01-31",
}
ORDER: Json = {
    "resourceType": "ServiceRequest",
    "id": "2",
    "identifier": [identifier("PLAC", "P-100"), identifier("ACSN", "ACC-100")],
    "priority": "stat",
    "reasonCode": [{"text": "Shortness of breath"}],
    "bodySite": [{"text": "Chest"}],
    "requester": {"reference": "Practitioner/9", "display": "Dr Mika Ito"},
}
STUDY: Json = {
    "resourceType": "ImagingStudy",
    "id": "8",
    "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3.4"}],
    "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "DX"}],
}
REPORT: Json = {
    "resourceType": "DiagnosticReport",
    "id": "3",
    "meta": {"versionId": "5", "lastUpdated": "2026-03-04T10:16:00+01:00"},
    "identifier": [identifier("FILL", "F-100")],
    "basedOn": [{"reference": "ServiceRequest/2"}],
    "imagingStudy": [{"reference": "ImagingStudy/8"}],
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "36643-5", "display": "XR Chest 2 Views"}]},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2026-03-04T09:50:00+01:00",
    "issued": "2026-03-04T10:15:00.000+01:00",
    "conclusion": "Small left pleural effusion.",
}


def understood(**changes: Any) -> Understood:
    report = {key: value for key, value in {**REPORT, **changes}.items() if value is not None}
    return read_report(bundle_of([report, PATIENT, ORDER, STUDY]), "default", "ehr", SYSTEMS)


def words(**changes: Any) -> str:
    found = understood(**changes).report
    assert found is not None
    return found.text


def test_the_same_exam_has_the_same_key_through_both_doors() -> None:
    through_fhir = understood().report
    through_hl7 = hl7_report()
    mapped = through_hl7.patient.identifiers[0].model_copy(update={"authority": MRN})
    patient = through_hl7.patient.model_copy(update={"identifiers": (mapped,)})
    assert through_fhir is not None
    assert through_fhir.key_parts == through_hl7.model_copy(update={"patient": patient}).key_parts


def test_everything_a_reviewer_needs_is_found_in_what_the_report_refers_to() -> None:
    found = understood().report
    assert found is not None
    assert found.status is ReportStatus.FINAL
    assert (found.patient.family, found.patient.given, found.patient.reference) == ("Sample", "Sam", "Patient/1")
    assert found.order.priority is Priority.STAT
    assert (found.order.body_site, found.order.reason) == ("Chest", "Shortness of breath")
    assert found.order.orderer is not None
    assert found.order.orderer.family == "Dr Mika Ito"
    assert (found.order.modality, found.order.study_uid) == ("DX", "1.2.3.4")
    assert found.source.door is Door.FHIR
    assert (found.source.reference, found.source.version) == ("DiagnosticReport/3", "5")
    assert found.issued is not None and found.issued.isoformat() == "2026-03-04T10:15:00+01:00"


def test_plain_text_is_preferred_to_every_other_place() -> None:
    forms = [form(b"<p>Plain <b>text</b></p>", "text/html"), form(b"Plain text.", "text/plain")]
    assert words(presentedForm=forms, conclusion=None) == "Plain text."


def test_html_is_read_line_by_line_without_its_scripts() -> None:
    html = b"<html><head><title>x</title></head><body><p>One</p><script>no</script><p>Two</p></body></html>"
    assert words(presentedForm=[form(html, "text/html; charset=utf-8")], conclusion=None).split() == ["One", "Two"]


def test_rtf_is_read() -> None:
    rtf = form(rb"{\rtf1\ansi Small effusion.\par No mass.}", "application/rtf")
    assert words(presentedForm=[rtf], conclusion=None) == "Small effusion.\nNo mass."


def test_a_pdf_s_text_layer_is_read() -> None:
    assert words(presentedForm=[form(pdf("Small effusion"), "application/pdf")], conclusion=None) == "Small effusion"


def test_a_scanned_pdf_falls_back_to_the_conclusion_and_leaves_a_note() -> None:
    found = understood(presentedForm=[form(pdf(""), "application/pdf")]).report
    assert found is not None
    assert found.text == "Small left pleural effusion."
    assert any("presentedForm[0]" in note for note in found.notes)


def test_a_conclusion_alone_is_an_impression() -> None:
    found = understood().report
    assert found is not None
    assert [(s.kind, s.start, s.end) for s in found.sections] == [(SectionKind.IMPRESSION, 0, len(found.text))]


def test_the_narrative_comes_before_the_results() -> None:
    div = {"status": "additional", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Narrated</p></div>'}
    assert words(conclusion=None, text=div) == "Narrated"


def test_result_observations_are_the_last_place_looked_at() -> None:
    result = {
        "resourceType": "Observation",
        "id": "9",
        "code": {"text": "Findings"},
        "valueString": "Small effusion.",
    }
    report = {**REPORT, "conclusion": "", "result": [{"reference": "Observation/9"}]}
    found = read_report(bundle_of([report, PATIENT, ORDER, result]), "default", "ehr", SYSTEMS).report
    assert found is not None
    assert found.text == "Findings: Small effusion."


def test_an_attachment_by_url_is_read_from_the_binary_that_was_fetched() -> None:
    binary = {"resourceType": "Binary", "id": "b", **form(b"From a Binary", "text/plain")}
    report = {**REPORT, "presentedForm": [{"contentType": "text/plain", "url": "Binary/b"}], "conclusion": ""}
    found = read_report(bundle_of([report, PATIENT, binary]), "default", "ehr", SYSTEMS).report
    assert found is not None
    assert found.text == "From a Binary"


def test_a_report_without_readable_text_is_quarantined_with_the_elements_named() -> None:
    found = understood(conclusion=None)
    assert found.disposition is Disposition.QUARANTINED
    assert "presentedForm, conclusion, text, result" in found.reason


def test_a_retraction_needs_no_text() -> None:
    assert understood(conclusion=None, status="entered-in-error").disposition is Disposition.REPORT


def test_a_patient_without_identifier_is_quarantined() -> None:
    found = read_report(bundle_of([REPORT]), "default", "ehr", SYSTEMS)
    assert (found.disposition, found.reason) == (
        Disposition.QUARANTINED,
        "DiagnosticReport.subject: found a reference to what we may not read, expected an identifier with a value; "
        "`COUNTERSIGN_FHIR__SMART__SCOPE` can accept it",
    )


def test_a_laboratory_report_is_ignored() -> None:
    lab = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}]
    assert understood(category=lab).disposition is Disposition.IGNORED


def test_our_own_report_is_ignored() -> None:
    ours = resources()["DiagnosticReport"]
    found = read_report(bundle_of([ours, PATIENT]), "default", "ehr", SYSTEMS)
    assert (found.disposition, found.reason) == (Disposition.IGNORED, "our own DiagnosticReport")


def test_without_a_typed_filler_number_the_report_s_own_identifier_serves() -> None:
    found = understood(identifier=[{"system": "urn:ris", "value": "R-1"}]).report
    assert found is not None and found.order.filler is not None
    assert (found.order.filler.authority, found.order.filler.value) == ("urn:ris", "R-1")


def test_only_relative_references_to_types_we_use_are_re_read() -> None:
    report = {
        **REPORT,
        "result": [{"reference": "https://elsewhere.example.org/fhir/Observation/1"}, {"reference": "Observation/9"}],
        "performer": [{"reference": "Organization/4"}],
    }
    wanted = ["Patient/1", "ServiceRequest/2", "ImagingStudy/8", "Observation/9"]
    assert references_to_read(report) == wanted


@pytest.mark.parametrize("bad", [None, 1, "x", [], {}, {"entry": 3}, {"entry": [{"resource": []}]}])
def test_what_is_no_report_is_quarantined(bad: Any) -> None:
    assert read_report(bad, "default", "ehr", SYSTEMS).disposition is Disposition.QUARANTINED


# A busy machine is no finding.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
ELEMENTS = [*REPORT, "presentedForm", "text", "result", "category", "contained", "resultsInterpreter", "performer"]


@UNTIMED
@given(st.dictionaries(st.sampled_from([e for e in ELEMENTS if e != "resourceType"]), JSON))
def test_whatever_is_in_the_elements_reading_gives_an_answer(changes: dict[str, Any]) -> None:
    found = understood(**changes)
    assert (found.report is not None) == (found.disposition is Disposition.REPORT)


@UNTIMED
@given(JSON, JSON)
def test_whatever_the_other_resources_hold_reading_gives_an_answer(patient: Any, order: Any) -> None:
    bundle = {"entry": [{"resource": REPORT}, {"resource": patient}, {"resource": order}]}
    assert read_report(bundle, "default", "ehr", SYSTEMS).disposition in Disposition


@UNTIMED
@given(st.binary(max_size=200), st.sampled_from(["text/plain", "text/html", "text/rtf", "application/pdf", "x"]))
def test_whatever_an_attachment_holds_reading_gives_an_answer(data: bytes, kind: str) -> None:
    found = understood(presentedForm=[form(data, kind)])
    assert found.report is not None and found.report.text.strip()


@UNTIMED
@given(st.text(alphabet="abcdefghij", min_size=8, max_size=8))
def test_a_reason_never_holds_what_the_patient_or_the_report_says(canary: str) -> None:
    canary = f"CANARY{canary}"
    damaged = [form(b"%PDF-1.4 " + canary.encode(), "application/pdf")]
    report = {**REPORT, "conclusion": "", "presentedForm": damaged, "status": "final", "note": canary}
    found = read_report(bundle_of([report, {**PATIENT, "name": [{"family": canary}]}]), "s", "ehr", SYSTEMS)
    assert found.disposition is Disposition.QUARANTINED
    assert canary not in found.reason


def pdf(text: str) -> bytes:
    """A one-page PDF that shows `text`, or a page without text."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() if text else b"0 0 m 10 10 l S"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length " + str(len(stream)).encode() + b" >>\nstream\n" + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += str(number).encode() + b" 0 obj\n" + content + b"\nendobj\n"
    table = b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    start = len(out)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    tail = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    return out + head + table + tail


@pytest.mark.parametrize("where", ["conclusion", "presentedForm"])
def test_characters_no_database_takes_are_replaced_one_for_one(where: str) -> None:
    said = "Small effusion.\x00No pneumothorax."
    changes = (
        {"conclusion": f"{said}\ud800"}
        if where == "conclusion"
        else {"presentedForm": [form(said.encode(), "text/plain")], "conclusion": None}
    )
    assert words(**changes).rstrip("\ufffd") == said.replace("\x00", "\ufffd")
