"""Which words of a DiagnosticReport are the report, and which reports are imaging, as other servers write them."""

from __future__ import annotations

from typing import Any

import pytest

from integration.canonical import Report, SectionKind
from integration.fhir.collection import bundle_of
from integration.fhir.report import Disposition, read_report
from integration.fhir.systems import Json
from tests.fhir_examples import SYSTEMS
from tests.unit.fhir.test_report import ORDER, PATIENT, REPORT, form, pdf, understood

LARGE = "Large left pneumothorax."
FULL = (
    b"<html><body><h3>FINDINGS</h3><p>Large left pneumothorax.</p><p>No pleural effusion and no consolidation is seen"
    b" on either side now.</p></body></html>"
)
LETTER = b"Your X-ray report is ready. Please talk to your doctor."


def report(*resources: Json, **changes: Any) -> Report:
    held = {key: value for key, value in {**REPORT, "conclusion": None, **changes}.items() if value is not None}
    found = read_report(bundle_of([held, PATIENT, ORDER, *resources]), "default", "ehr", SYSTEMS).report
    assert found is not None
    return found


def titled(data: bytes, kind: str, title: str) -> Json:
    return {**form(data, kind), "title": title}


def narrative(html: str, status: str = "generated") -> Json:
    return {"status": status, "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{html}</div>'}


def observation(number: str, title: str, **value: Any) -> Json:
    return {"resourceType": "Observation", "id": number, "code": {"text": title}, **value}


@pytest.mark.parametrize(
    "forms",
    [
        [titled(LETTER, "text/plain", "Patient letter"), titled(FULL, "text/html", "Radiology report")],
        [titled(FULL, "text/html", "Report"), titled(LETTER, "text/plain", "Patient-friendly summary")],
        [titled(LETTER, "text/plain", "Lay summary"), titled(FULL, "text/html", "")],
    ],
)
def test_what_is_written_for_the_patient_is_a_note_beside_the_report(forms: list[Json]) -> None:
    found = report(presentedForm=forms)
    assert LARGE in found.text and "talk to your doctor" not in found.text
    assert any("talk to your doctor" in note for note in found.notes)


def test_a_letter_alone_is_read() -> None:
    assert report(presentedForm=[titled(LETTER, "text/plain", "Patient letter")]).text == LETTER.decode()


def test_without_titles_every_attachment_is_read_the_fullest_first() -> None:
    found = report(presentedForm=[form(LETTER, "text/plain"), form(FULL, "text/html")])
    assert found.text.startswith("FINDINGS") and found.text.endswith("talk to your doctor.")


@pytest.mark.parametrize("kind", ["application/pdf", "text/plain", "application/octet-stream", ""])
def test_an_attachment_is_known_by_its_content(kind: str) -> None:
    assert LARGE in report(presentedForm=[form(FULL, kind)]).text
    assert "Small effusion" in report(presentedForm=[form(pdf("Small effusion"), kind)]).text
    assert "No mass." in report(presentedForm=[form(rb"{\rtf1 Clear.\par No mass.}", kind)]).text


def test_copies_of_one_report_are_read_once() -> None:
    plain = b"FINDINGS\nLarge left pneumothorax.\nNo pleural effusion and no consolidation is seen on either side now."
    found = report(presentedForm=[form(FULL, "text/html"), form(plain, "text/plain")])
    assert found.text == plain.decode()


def test_a_conclusion_that_the_attachment_does_not_hold_is_read_after_it() -> None:
    found = report(presentedForm=[form(FULL, "text/html")], conclusion="Tension pneumothorax.")
    assert found.text.endswith("\n\nTension pneumothorax.")
    assert [found.text[each.start : each.end] for each in found.sections] == ["Tension pneumothorax."]
    assert found.sections[0].kind is SectionKind.IMPRESSION
    held = report(presentedForm=[form(FULL, "text/html")], conclusion="LARGE LEFT PNEUMOTHORAX")
    assert held.text.count("neumothorax") == 1


@pytest.mark.parametrize(
    "html",
    [
        "<p><b>Diagnostic Report</b></p><p><b>Document Category</b>: Radiology</p><p><b>Status</b>: Final</p>",
        "<p>Status: final</p><p>Code: XR CHEST</p><p>Issued: 2026-03-04</p>",
        "<table><tr><td>Subject</td></tr><tr><td>Performer</td></tr></table>",
    ],
)
def test_a_generated_header_is_not_the_report(html: str) -> None:
    result = observation("9", "Findings", valueString=LARGE)
    found = report(result, text=narrative(html), result=[{"reference": "Observation/9"}])
    assert found.text == f"Findings: {LARGE}"
    assert understood(conclusion=None, text=narrative(html)).disposition is Disposition.QUARANTINED


def test_a_generated_narrative_is_read_where_nothing_else_speaks() -> None:
    assert report(text=narrative(f"<p>Status: final</p><p>{LARGE}</p>")).text.endswith(LARGE)


def test_results_are_read_with_the_conclusion() -> None:
    results = [
        observation("9", "Findings", valueString=LARGE),
        observation("10", "Diameter", valueQuantity={"value": 8, "unit": "mm"}, note=[{"text": "Stable."}]),
        observation("11", "Panel", component=[{"code": {"text": "Side"}, "valueCodeableConcept": {"text": "left"}}]),
        observation("12", "Group", hasMember=[{"reference": "Observation/9"}]),
    ]
    references = [{"reference": f"Observation/{each['id']}"} for each in results]
    found = report(*results, result=references, conclusion="Tension pneumothorax.")
    assert "Diameter: 8 mm Stable." in found.text and "Side: left" in found.text
    assert found.text.startswith(f"Findings: {LARGE}") and found.text.endswith("Tension pneumothorax.")


def test_results_beside_an_attachment_are_a_note() -> None:
    result = observation("9", "Diameter", valueQuantity={"value": 8, "unit": "mm"})
    found = report(result, result=[{"reference": "Observation/9"}], presentedForm=[form(FULL, "text/html")])
    assert any("Diameter: 8 mm" in note for note in found.notes) and "8 mm" not in found.text


def test_elements_nobody_reads_are_named_without_their_words() -> None:
    found = understood(media=[{"comment": "CANARY"}], specimen=[{"display": "CANARY"}], result=[{"reference": "#no"}])
    assert "not read: DiagnosticReport.media, DiagnosticReport.specimen" in found.notes
    assert any("DiagnosticReport.result: 1" in note for note in found.notes)
    assert "CANARY" not in "".join(found.notes)


@pytest.mark.parametrize(
    ("coding", "read"),
    [
        ({"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}, False),
        ({"system": "urn:local", "code": "LAB"}, False),
        ({"system": "http://snomed.info/sct", "code": "108252007"}, False),
        ({"code": "X7", "display": "Microbiology"}, False),
        ({"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}, False),
        ({"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}, True),
        ({"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}, True),
        ({"system": "urn:local", "code": "RAD"}, True),
        ({"system": "urn:local", "code": "X9", "display": "Radiology"}, True),
        ({"system": "urn:local", "code": "GEN"}, True),
    ],
)
def test_categories_of_any_system(coding: Json, read: bool) -> None:
    found = understood(category=[{"coding": [coding]}])
    assert (found.disposition is Disposition.REPORT) is read


def test_a_category_of_imaging_beside_one_of_the_laboratory_is_imaging() -> None:
    both = [{"coding": [{"code": "LAB"}]}, {"coding": [{"code": "RAD"}]}]
    assert understood(category=both).disposition is Disposition.REPORT
    assert understood(category=[{"text": "Laboratory"}]).disposition is Disposition.IGNORED
