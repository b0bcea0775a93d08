"""Small inputs after public bug reports, each for a kind of fault: what is right of each is held here."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.canonical import Processing, Report, ReportStatus, SectionKind, Status
from integration.fhir.report import read_report
from integration.hl7v2.report import Understood, read_reports
from integration.hl7v2.senders import SenderMap
from services.reading.catalogue.library import load
from services.reading.rules.reader import RulesReader
from services.workflow.analysis import question
from tests.fhir_examples import SYSTEMS

CORPUS = os.environ.get("COUNTERSIGN_CORPUS", "")
CASES = Path(CORPUS) / "cases"
pytestmark = pytest.mark.skipif(not CORPUS, reason="COUNTERSIGN_CORPUS does not name the folder of the corpus")

LARGE = "Large left pneumothorax with mediastinal shift to the right."
TENSION = "Tension pneumothorax"


def understood(name: str) -> Understood:
    return read_reports((CASES / name).read_bytes(), "main", SenderMap())


def one(name: str) -> Report:
    (report,) = understood(name).reports
    return report


def through_fhir(name: str) -> Report:
    case = json.loads((CASES / name).read_text())
    resources = [case["report"], *case["put_first"]]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    report = read_report(bundle, "main", "ehr", SYSTEMS).report
    assert report is not None
    return report


def present(report: Report) -> set[str]:
    library = load()
    verdicts = RulesReader().read(question(report, library)).verdicts
    return {verdict.finding.id for verdict in verdicts if verdict.status is Status.PRESENT}


def marked(report: Report, kind: SectionKind) -> str:
    return "\n".join(report.text[each.start : each.end] for each in report.sections if each.kind is kind)


def pdf_without_encoding() -> None:
    text = one("001-ed-pdf-no-encoding.hl7").text
    assert text.startswith("FINDINGS: Large left pneumothorax") and TENSION in text


def bytes_of_one_character_apart() -> None:
    assert one("004-hex-utf8-bytes-apart.hl7").text == "Nodule ≥ 8 mm, präsent. Whole: ≥ 8 mm."


def breaks_escaped_twice() -> None:
    report = one("007-double-escaped-breaks.hl7")
    assert "pneumothorax" in present(report) and any("escaped twice" in note for note in report.notes)


def html() -> None:
    report = one("009-html-in-ft.hl7")
    assert "<" not in report.text and 'for "Dr Demo"' in report.text and "effusion & no" in report.text
    assert "pneumothorax" in present(report)


def titles_as_text() -> None:
    report = one("010-section-name-in-obx3.hl7")
    assert "Pneumothorax?" in marked(report, SectionKind.INDICATION) and "Question" in report.text
    assert "rib fracture" in marked(report, SectionKind.INDICATION)
    assert not present(report) & {"pneumothorax", "rib_fracture"}


def add_segment() -> None:
    text = one("012-add-segment.hl7").text
    assert "a large left pneumothorax. Small right pleural effusion." in text


def fragments_are_not_reports() -> None:
    assert understood("013-dsc-continuation-1.hl7").quarantined.startswith("DSC-1")
    assert understood("013b-dsc-continuation-2.hl7").quarantined.startswith("MSH-14")


def comment_behind_a_result() -> None:
    found = understood("015-nte-after-obx.hl7")
    assert any("small left apical pneumothorax" in note for note in found.reports[0].notes)
    assert any(note.startswith("NTE 1") for note in found.notes) and "apical" not in "".join(found.notes)


def truncation_character() -> None:
    assert one("017-truncation-character.hl7").text.endswith("Lesion #3: large left pneumothorax.")


def read_as_sent(name: str) -> Callable[[], None]:
    def check() -> None:
        assert LARGE in one(name).text

    return check


def windows_under_latin() -> None:
    found = understood("027-cp1252-under-8859-1.hl7")
    assert found.reports[0].text == "Patient’s “left” lung – large left pneumothorax • no effusion…"
    assert found.codec == "cp1252" and any(problem.startswith("MSH-18") for problem in found.problems)


def deleted_document() -> None:
    assert one("030-txa19-cancelled.hl7").status is ReportStatus.ENTERED_IN_ERROR


def training() -> None:
    found = understood("033-msh11-training.hl7")
    assert found.reports[0].processing is Processing.TRAINING
    assert "MSH-11: a training message (T)" in found.problems


def document_in_pieces() -> None:
    text = one("035-rtf-base64-over-three-obx.hl7").text
    assert "The heart is of normal size" in text and TENSION in text and "par" not in text.replace("aparent", "")


def wrapped_base64() -> None:
    assert "the trachea is central" in one("036-base64-wrapped-lf.hl7").text


def blank_in_a_segment_name() -> None:
    assert LARGE in one("039-blank-before-separator-obx.hl7").text


def all_lines_cancelled_by_a_correction() -> None:
    assert one("040a-all-x-final.hl7").status is ReportStatus.FINAL
    assert one("040b-all-x-correction.hl7").status is ReportStatus.ENTERED_IN_ERROR


def exam_without_obr() -> None:
    report = one("050-mdm-exam-in-obx3.hl7")
    assert report.order.procedure.display == "XR Chest 2 Views" and "pneumothorax" in present(report)


def unknown_type() -> None:
    report = one("052-obx2-unknown-type-only.hl7")
    assert report.text == LARGE and any("OBX-2 of OBX 1" in note for note in report.notes)


def question_in_its_own_line() -> None:
    assert "? pneumothorax" in marked(one("059-question-line.hl7"), SectionKind.INDICATION)


def two_exams_of_one_accession() -> None:
    report = one("064-two-procedures-one-accession.hl7")
    assert [exam.procedure.code for exam in report.exams] == ["70450", "71260"]
    assert present(report) >= {"subdural_hematoma", "midline_shift", "pulmonary_embolism"}


def null_identifiers_first() -> None:
    assert one("065-pid3-null-id-first.hl7").patient.identifiers[0].value == "T065"


def lines_as_sent(name: str, words: str) -> Callable[[], None]:
    def check() -> None:
        assert words in " ".join(one(name).text.split())

    return check


def html_attachment() -> None:
    report = through_fhir("301-html-base64.json")
    assert "No pleural effusion & no consolidation." in report.text and "<" not in report.text


def generated_narrative() -> None:
    report = through_fhir("307-narrative-is-header-only.json")
    assert "Large left pneumothorax." in report.text and "Document Category" not in report.text


def contained_results() -> None:
    text = through_fhir("308-contained-results-only.json").text
    assert "Large left pneumothorax." in text and TENSION in text


def full_report_beside_a_letter() -> None:
    report = through_fhir("312-summary-plain-beside-full-html.json")
    assert TENSION in report.text and "talk to your doctor" not in report.text
    assert any("presentedForm[0]" in note for note in report.notes)


DENIED = "THERE IS NO EVIDENCE OF PLEURAL EFFUSION OR LARGE PNEUMOTHORAX."
RIGHT: dict[str, Callable[[], None]] = {
    "001-ed-pdf-no-encoding.hl7": pdf_without_encoding,
    "004-hex-utf8-bytes-apart.hl7": bytes_of_one_character_apart,
    "007-double-escaped-breaks.hl7": breaks_escaped_twice,
    "009-html-in-ft.hl7": html,
    "010-section-name-in-obx3.hl7": titles_as_text,
    "012-add-segment.hl7": add_segment,
    "013-dsc-continuation-1.hl7": fragments_are_not_reports,
    "013b-dsc-continuation-2.hl7": fragments_are_not_reports,
    "015-nte-after-obx.hl7": comment_behind_a_result,
    "017-truncation-character.hl7": truncation_character,
    "018-msh9-oru-only-short-header.hl7": read_as_sent("018-msh9-oru-only-short-header.hl7"),
    "020-ack-form.hl7": read_as_sent("020-ack-form.hl7"),
    "027-cp1252-under-8859-1.hl7": windows_under_latin,
    "030-txa19-cancelled.hl7": deleted_document,
    "033-msh11-training.hl7": training,
    "035-rtf-base64-over-three-obx.hl7": document_in_pieces,
    "036-base64-wrapped-lf.hl7": wrapped_base64,
    "039-blank-before-separator-obx.hl7": blank_in_a_segment_name,
    "040a-all-x-final.hl7": all_lines_cancelled_by_a_correction,
    "040b-all-x-correction.hl7": all_lines_cancelled_by_a_correction,
    "050-mdm-exam-in-obx3.hl7": exam_without_obr,
    "052-obx2-unknown-type-only.hl7": unknown_type,
    "059-question-line.hl7": question_in_its_own_line,
    "063a-pid3-order-first.hl7": read_as_sent("063a-pid3-order-first.hl7"),
    "064-two-procedures-one-accession.hl7": two_exams_of_one_accession,
    "065-pid3-null-id-first.hl7": null_identifiers_first,
    "068-negation-over-obx-lines-lower.hl7": lines_as_sent(
        "068-negation-over-obx-lines-lower.hl7", "no evidence of a left or right pneumothorax or pleural effusion"
    ),
    "069-negation-over-obx-lines-caps.hl7": lines_as_sent(
        "069-negation-over-obx-lines-caps.hl7", "NO EVIDENCE OF A LEFT OR RIGHT PNEUMOTHORAX OR PLEURAL EFFUSION"
    ),
    "072-caps-wrapped-with-signature.hl7": lines_as_sent("072-caps-wrapped-with-signature.hl7", DENIED),
    "073-caps-wrapped-without-signature.hl7": lines_as_sent("073-caps-wrapped-without-signature.hl7", DENIED),
    "074-lower-wrapped-with-signature.hl7": lines_as_sent("074-lower-wrapped-with-signature.hl7", DENIED.lower()),
    "301-html-base64.json": html_attachment,
    "307-narrative-is-header-only.json": generated_narrative,
    "308-contained-results-only.json": contained_results,
    "312-summary-plain-beside-full-html.json": full_report_beside_a_letter,
}


@pytest.mark.parametrize("name", RIGHT)
def test_each_case_is_right(name: str) -> None:
    RIGHT[name]()


def test_every_case_of_a_message_or_resource_is_held() -> None:
    with (CASES / "INDEX.tsv").open(newline="") as index:
        files = {row["file"] for row in csv.DictReader(index, delimiter="\t")}
    # What 200-nlp.jsonl asks is asked of readers, with the tests of their rules.
    assert {name for name in files if "#" not in name} == set(RIGHT)
