"""Exams and status of a report, as trackers of engines and archives tell of them, several of each kind of fault."""

from __future__ import annotations

import pytest

from integration.canonical import Processing, ReportStatus
from integration.hl7v2.senders import SenderMap
from tests.unit.hl7v2.segments import MSH, OBX, T02, TXA, obr, obx, read, report

# Exams.


def test_exams_of_one_accession_are_one_report() -> None:
    head = obr(_3="F1", _4="70450^CT HEAD^L", _18="A1", _31="^Fall", _24="CT")
    chest = obr(_1="2", _3="F2", _4="71260^CT CHEST^L", _18="A1", _24="CT")
    found = report(head, obx(1, "Bleed."), chest, obx(1, "Clear."))
    assert [exam.procedure.code for exam in found.exams] == ["70450", "71260"] and found.text == "Bleed.\nClear."
    assert found.exams[1].reason == "Fall" and found.order.procedure.code == "70450"
    single = report(head, obx(1, "Bleed."), obx(2, "Clear."))
    assert single.exams == () and single.content_hash != found.content_hash


def test_the_order_of_exams_does_not_change_the_content() -> None:
    exams = [obr(_3="F1", _4="A^X", _18="A1"), obr(_3="F2", _4="B^Y", _18="A1")]
    one, two = (report(first, OBX, second).content_hash for first, second in (exams, exams[::-1]))
    assert one == two


@pytest.mark.parametrize("text_at", [0, 1, 2])
def test_orders_without_text_are_exams_of_the_one_that_has_it(text_at: int) -> None:
    orders = [obr(_3=f"F{n}", _4=f"{n}^EXAM {n}", _18=f"A{n}") for n in range(3)]
    found = report(*(piece for n, each in enumerate(orders) for piece in ([each, OBX] if n == text_at else [each])))
    assert sorted(exam.procedure.code for exam in found.exams) == ["0", "1", "2"]
    assert {exam.accession.value for exam in found.exams if exam.accession} == {"A0", "A1", "A2"}


def test_different_accessions_with_text_are_reports_of_their_own() -> None:
    understood = read(obr(_3="F1", _18="A1"), OBX, obr(_3="F2", _18="A2"), obx(1, "Second."))
    assert [each.text for each in understood.reports] == ["Lungs are clear.", "Second."]
    assert all(each.exams == () for each in understood.reports)


def test_the_least_final_exam_decides_and_a_cancelled_one_is_none() -> None:
    both = [obr(_3="F1", _4="A^X", _18="A1", _25="F"), OBX, obr(_3="F2", _4="B^Y", _18="A1", _25="P"), obx(1, "Rest.")]
    assert report(*both).status is ReportStatus.PRELIMINARY
    off = [obr(_3="F1", _4="A^X", _18="A1"), OBX, obr(_3="F2", _4="B^Y", _18="A1", _25="X"), obx(1, "No.", status="X")]
    found = report(*off)
    assert found.status is ReportStatus.FINAL and found.exams == () and found.order.procedure.code == "A"


@pytest.mark.parametrize(
    ("lines", "exam"),
    [
        ([obx(1, "Clear.", name="36643-5^XR Chest 2 Views^LN")], "XR Chest 2 Views"),
        ([obx(1, "EXAM: CT HEAD WITHOUT CONTRAST\\.br\\FINDINGS: Bleed.")], "CT HEAD WITHOUT CONTRAST"),
        ([obx(1, "PROCEDURE: MRI lumbar spine."), obx(2, "Findings: Normal.")], "MRI lumbar spine"),
        ([obx(1, "CT ABDOMEN AND PELVIS"), obx(2, "Liver normal.")], "CT ABDOMEN AND PELVIS"),
        ([obx(1, "Untersuchung: Röntgen Thorax"), obx(2, "Befund: o.B.")], "Röntgen Thorax"),
    ],
)
def test_without_obr_4_obx_3_or_the_text_names_the_exam(lines: list[str], exam: str) -> None:
    found = report(TXA + "AU", *lines, msh=T02)
    assert found.order.procedure.display == exam and any("OBR-4" in note for note in found.notes)


def test_an_exam_that_nobody_names_is_said() -> None:
    found = report(TXA + "AU", obx(1, "Clear lungs."), msh=T02)
    assert any("no exam is named" in note for note in found.notes)


# Status.


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("AU||AV", ReportStatus.FINAL),
        ("LA", ReportStatus.FINAL),
        ("DI||AV", ReportStatus.PRELIMINARY),
        ("IN||AV", ReportStatus.PRELIMINARY),
        ("PA", ReportStatus.PRELIMINARY),
        ("AU||UN", ReportStatus.PRELIMINARY),
        ("AU||CA", ReportStatus.ENTERED_IN_ERROR),
        ("LA||ca", ReportStatus.ENTERED_IN_ERROR),
    ],
)
def test_completion_and_availability_of_a_document(tail: str, status: ReportStatus) -> None:
    assert report(TXA + tail, OBX, msh=T02).status is status


@pytest.mark.parametrize(("tail", "place"), [("AU||OB", "TXA-19"), ("ZZ||AV", "TXA-17")])
def test_a_document_of_no_known_standing_is_left_to_a_person(tail: str, place: str) -> None:
    understood = read(TXA + tail, OBX, msh=T02)
    assert understood.quarantined.startswith(place) and not understood.reports


def test_a_dictated_document_is_not_final_whatever_its_order_says() -> None:
    assert report(obr(_25="F"), TXA + "DI", OBX, msh=T02).status is ReportStatus.PRELIMINARY


@pytest.mark.parametrize(
    ("word", "lines", "status"),
    [
        ("C", "X", ReportStatus.ENTERED_IN_ERROR),
        ("C", "XX", ReportStatus.ENTERED_IN_ERROR),
        ("Corrected", "XX", ReportStatus.ENTERED_IN_ERROR),
        ("C", "XD", ReportStatus.ENTERED_IN_ERROR),
        ("F", "WX", ReportStatus.ENTERED_IN_ERROR),
        ("F", "XX", ReportStatus.CANCELLED),
        ("", "X", ReportStatus.CANCELLED),
        ("X", "X", ReportStatus.CANCELLED),
        ("F", "XF", ReportStatus.FINAL),
    ],
)
def test_lines_all_taken_back_take_the_report_back(word: str, lines: str, status: ReportStatus) -> None:
    assert report(obr(_25=word), *(obx(n, "Line.", status=each) for n, each in enumerate(lines, 1))).status is status


@pytest.mark.parametrize(
    ("mark", "processing"),
    [("T", "training"), ("D", "debugging"), ("t", "training"), ("T^A", "training"), ("Training", "training")],
)
def test_training_and_debugging_are_marked_and_can_be_ignored(mark: str, processing: str) -> None:
    msh = MSH.replace("|P|", f"|{mark}|")
    understood = read(obr(), OBX, msh=msh)
    assert understood.reports[0].processing is Processing[processing.upper()]
    assert any(processing in problem for problem in understood.problems)
    assert processing in read(obr(), OBX, msh=msh, sender=SenderMap(processing="ignore")).ignored


@pytest.mark.parametrize("mark", ["P", "", "P^T", "X"])
def test_everything_else_is_real(mark: str) -> None:
    assert report(obr(), OBX, msh=MSH.replace("|P|", f"|{mark}|")).processing is Processing.PRODUCTION
