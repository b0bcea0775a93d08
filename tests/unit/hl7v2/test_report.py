"""From message to report: text, sections, identity, status, times, and reasons that name a place."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Identifier, Priority, ReportStatus, SectionKind, Sex, Side
from integration.hl7v2.msh import is_echo, read_header
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from tests.unit.hl7v2.segments import MSH, OBX, PID, obr, pdf, read, report


def test_a_plain_report_is_read_whole() -> None:
    found = report("ORC|RE|P-1^EHR", obr(_7="20260101", _22="20260102", _32="7&SMITH&ANN"), OBX)
    assert found.site == "main" and found.status is ReportStatus.FINAL and found.text == "Lungs are clear."
    assert found.patient.identifiers[0] == Identifier(value="42", authority="HOSP", type="MR")
    assert found.patient.identifiers[1].authority == "urn:oid:1.2.3"
    assert (found.patient.family, found.patient.given, found.patient.birth_date) == ("DOE", "JANE Q", "1980-03-04")
    assert found.patient.sex is Sex.FEMALE
    assert found.order.filler == Identifier(value="F-1", authority="RIS")
    assert found.order.placer == Identifier(value="P-1", authority="EHR")
    assert found.order.procedure.display == "XR CHEST 2 VIEWS"
    assert found.interpreter is not None and found.interpreter.family == "SMITH"
    assert found.issued == datetime(2026, 1, 2, tzinfo=UTC) and found.observed == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.source.control_id == "ID-7" and found.source.application == "RIS"


def test_lines_repetitions_and_breaks_become_lines() -> None:
    found = report(obr(), "OBX|1|TX|||One~Two\\.br\\Three||||||F", "OBX|2|FT|||Four\\.sp2\\Five||||||F")
    assert found.text == "One\nTwo\nThree\nFour\n\nFive"


def test_escapes_are_decoded_and_unknown_ones_stay() -> None:
    text = "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f \\X41C39C\\ \\H\\bold\\N\\ \\Zzz\\ C:\\temp"
    found = report(obr(), f"OBX|1|TX|||{text}||||||F")
    assert found.text == "a|b^c&d~e\\f AÜ bold \\Zzz\\ C:\\temp"


def test_component_marks_in_prose_are_just_characters() -> None:
    assert report(obr(), "OBX|1|TX|||AT&T 10^9 cells||||||F").text == "AT&T 10^9 cells"


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=80))
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    escaped = "".join({"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"}.get(c, c) for c in text)
    found = report(obr(), f"OBX|1|TX|||x{escaped}x||||||F")
    assert found.text == f"x{text}x"


def test_suffixes_and_codes_mark_sections_and_offsets_are_exact() -> None:
    found = report(
        obr(),
        "OBX|2|ST|&GDT|1|Small effusion.||||||F",
        "OBX|3|ST|&GDT|1|No nodule.||||||F",
        "OBX|4|ST|1234&IMP|1|Effusion.||||||F",
        "OBX|5|TX|18783-0^Recommendation^LN||Follow up.||||||F",
    )
    spans = [(section.kind, found.text[section.start : section.end]) for section in found.sections]
    assert spans == [
        (SectionKind.FINDINGS, "Small effusion.\nNo nodule."),
        (SectionKind.IMPRESSION, "Effusion."),
        (SectionKind.RECOMMENDATION, "Follow up."),
    ]


def test_an_addendum_alone_is_marked_as_one() -> None:
    found = report(obr(), "OBX|1|TX|&ADT||Also a fracture.||||||F")
    assert found.addendum_only and found.status is ReportStatus.APPENDED
    both = report(obr(), OBX, "OBX|2|TX|&ADT||Also a fracture.||||||F")
    assert not both.addendum_only and both.status is ReportStatus.FINAL


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("F", ReportStatus.FINAL),
        ("Final", ReportStatus.FINAL),
        ("F^Final results^HL70123", ReportStatus.FINAL),
        ("Prelim", ReportStatus.PRELIMINARY),
        ("Wet Read", ReportStatus.PRELIMINARY),
        ("P", ReportStatus.PRELIMINARY),
        ("R", ReportStatus.PARTIAL),
        ("C", ReportStatus.CORRECTED),
        ("X", ReportStatus.CANCELLED),
        ("I", ReportStatus.REGISTERED),
    ],
)
def test_obr_25_gives_the_status(word: str, status: ReportStatus) -> None:
    assert report(obr(_25=word), "OBX|1|TX|||Text.").status is status


@pytest.mark.parametrize(
    ("lines", "status"),
    [("FF", ReportStatus.FINAL), ("FP", ReportStatus.PRELIMINARY), ("FC", ReportStatus.CORRECTED)],
)
def test_without_obr_25_the_lines_decide(lines: str, status: ReportStatus) -> None:
    observations = [f"OBX|{n}|TX|||Line {n}.||||||{said}" for n, said in enumerate(lines, 1)]
    assert report(obr(_25=""), *observations).status is status


def test_a_corrected_line_corrects_a_final_report() -> None:
    assert report(obr(), OBX, "OBX|2|TX|||Left, not right.||||||C").status is ReportStatus.CORRECTED


def test_lines_entered_in_error_are_left_out_and_all_of_them_retract_the_report() -> None:
    partly = report(obr(), OBX, "OBX|2|TX|||Wrong line.||||||D")
    assert partly.text == "Lungs are clear." and partly.status is ReportStatus.FINAL
    wholly = report(obr(), "OBX|1|TX|||Wrong patient.||||||W")
    assert wholly.status is ReportStatus.ENTERED_IN_ERROR


def test_a_sites_own_status_words_are_used() -> None:
    sender = SenderMap.model_validate({"status": {"pscrib": "preliminary", "": "final"}})
    assert report(obr(_25="PSCRIB"), "OBX|1|TX|||Text.", sender=sender).status is ReportStatus.PRELIMINARY
    assert report(obr(_25=""), "OBX|1|TX|||Text.", sender=sender).status is ReportStatus.FINAL


@pytest.mark.parametrize(
    ("fields", "priority"),
    [
        ({"_5": "S"}, Priority.STAT),
        ({"_5": "STAT"}, Priority.STAT),
        ({"_27": "^^^^^A"}, Priority.STAT),
        ({"_5": "R", "_27": "^^^^^S"}, Priority.STAT),
        ({"_5": "URGENT"}, Priority.URGENT),
        ({"_5": "R"}, Priority.ROUTINE),
    ],
)
def test_the_most_urgent_word_counts(fields: dict[str, str], priority: Priority) -> None:
    assert report(obr(**fields), OBX).order.priority is priority


def test_tq1_gives_the_priority_too() -> None:
    assert report(obr(), "TQ1|1||||||||S", OBX).order.priority is Priority.STAT


@pytest.mark.parametrize(
    ("segments", "uid"),
    [
        (["ZDS|1.2.840.1^EPIC^Application^DICOM"], "1.2.840.1"),
        (["OBX|2|HD|113014^DICOM Study^DCM||1.2.840.2||||||O"], "1.2.840.2"),
        (["OBX|2|ST|113014^DICOM Study^DCM||1.2.840.2||||||O"], "1.2.840.2"),
        (["ZDS|not a uid"], ""),
    ],
)
def test_the_study_uid_comes_from_zds_or_obx(segments: list[str], uid: str) -> None:
    found = report(obr(), OBX, *segments)
    assert found.order.study_uid == uid and found.text == "Lungs are clear."


def test_an_accession_number_is_one_and_a_body_part_in_its_field_is_not() -> None:
    assert report(obr(_18="A123"), OBX).order.accession == Identifier(value="A123")
    assert report(obr(_18="CHEST"), OBX).order.accession is None
    sender = SenderMap(accession=("OBR-3",))
    assert report(obr(), OBX, sender=sender).order.accession == Identifier(value="F-1", authority="RIS")


def test_a_mapped_authority_gives_both_doors_one_key() -> None:
    sender = SenderMap(authorities={"HOSP": "urn:oid:2.16.1"})
    found = report(obr(_18="A1"), OBX, sender=sender)
    assert found.key_parts == ("main", "urn:oid:2.16.1", "42", "", "A1")


def test_the_identifier_of_the_sites_choice_decides_identity() -> None:
    by_type = report(obr(), OBX, sender=SenderMap(patient_type="SS"))
    assert by_type.patient.identifiers[0].value == "99"
    by_authority = report(obr(), OBX, sender=SenderMap(patient_authority="urn:oid:1.2.3"))
    assert by_authority.patient.identifiers[0].value == "99"


def test_a_bare_time_takes_the_zone_of_the_feed_and_an_offset_is_kept() -> None:
    found = report(obr(_22="202607011200", _7="20260701120000.5-0700"), OBX, sender=SenderMap(zone="Europe/Berlin"))
    assert found.issued is not None and found.issued.utcoffset() == timedelta(hours=2)
    assert found.observed == datetime(2026, 7, 1, 12, 0, 0, 500000, timezone(timedelta(hours=-7)))


@pytest.mark.parametrize("value", ["20261301", "yesterday", "2026-01-02", "99999999999999", "20260101+9999"])
def test_what_is_no_time_is_none(value: str) -> None:
    assert report(obr(_22=value), OBX).issued is None


def test_each_obr_of_its_own_order_is_a_report() -> None:
    understood = read(obr(_3="F-1"), OBX, obr(_1="2", _3="F-2"), "OBX|1|TX|||Second.||||||F")
    assert [found.text for found in understood.reports] == ["Lungs are clear.", "Second."]


def test_obr_of_one_order_are_one_report_and_one_without_text_shares_its_siblings() -> None:
    same = read(obr(_3="F-1"), OBX, obr(_1="2", _3="F-1"), "OBX|1|TX|||Second.||||||F")
    assert [found.text for found in same.reports] == ["Lungs are clear.\nSecond."]
    linked = read(obr(_3="F-1"), obr(_1="2", _3="F-2"), OBX)
    assert [found.order.filler.value for found in linked.reports if found.order.filler] == ["F-2"]


def test_orc_3_wins_over_obr_3() -> None:
    assert report("ORC|RE||F-9^RIS", obr(), OBX).order.filler == Identifier(value="F-9", authority="RIS")


def test_several_patients_keep_their_reports_apart() -> None:
    other = PID.replace("42", "43")
    understood = read(obr(_3="F-1"), OBX, other, obr(_3="F-2"), OBX)
    assert [found.patient.identifiers[0].value for found in understood.reports] == ["42", "43"]


def ed(content: bytes, subtype: str) -> str:
    return f"OBX|1|ED|||RIS^AP^{subtype}^Base64^{base64.b64encode(content).decode()}||||||F"


def test_rtf_and_plain_text_in_ed_are_read() -> None:
    rtf = rb"{\rtf1\ansi {\b FINDINGS:}\par Lungs are clear.\par}"
    assert report(obr(), ed(rtf, "RTF")).text.split() == ["FINDINGS:", "Lungs", "are", "clear."]
    assert report(obr(), ed(b"Lungs are clear.", "PLAIN")).text == "Lungs are clear."
    assert report(obr(), f"OBX|1|FT|||{rtf.decode()}||||||F").text.split() == ["FINDINGS:", "Lungs", "are", "clear."]


def test_the_text_layer_of_a_pdf_is_read() -> None:
    assert "Lungs are clear" in report(obr(), ed(pdf("Lungs are clear"), "PDF")).text


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (ed(b"\x89PNG\r\n\x00\x00", "PNG"), "OBX-5 of OBX 1: the PNG document is not text"),
        ("OBX|1|ED|||RIS^AP^PDF^Base64^!!!!||||||F", "OBX-5 of OBX 1: ED.5 is not valid base64"),
        (ed(b"%PDF-1.4 broken", "PDF"), "OBX-5 of OBX 1: the PDF document is damaged"),
        ("OBX|1|TX|||  ||||||F", "OBX-5 of OBR 1: found no report text"),
        ('OBX|1|TX|||""||||||F', "OBX-5 of OBR 1: found no report text"),
    ],
)
def test_a_report_without_text_is_quarantined_with_its_place(observation: str, reason: str) -> None:
    understood = read(obr(), observation)
    assert understood.quarantined.startswith(reason) and not understood.reports


def test_a_reference_is_kept_as_a_note() -> None:
    found = report(obr(), OBX, "OBX|2|RP|||http://pacs/1.pdf^RIS^AP^PDF||||||F")
    assert found.notes == ("OBX 2 refers to a document: http://pacs/1.pdf",)


@pytest.mark.parametrize(
    ("segments", "pid", "reason"),
    [
        (
            [obr(), OBX],
            "",
            "PID-3: found no patient identifier, expected one that is valued; the sender's `patient` can accept it",
        ),
        ([obr(_3=""), OBX], PID, "OBR-3, ORC-3 and OBR-18 of OBR 1: found no order identifier"),
        (
            [obr(_25="SECRETWORD"), OBX],
            PID,
            "OBR-25 of OBR 1: found a word of 10 letters, expected a status word that is known; the sender's `status`",
        ),
        ([obr(_25=""), "OBX|1|TX|||Text."], PID, "OBR-25 and OBX-11 of OBR 1: found nothing"),
        ([OBX], PID, "OBR: found neither OBR nor TXA"),
    ],
)
def test_what_cannot_be_understood_is_quarantined_with_segment_and_field(
    segments: list[str], pid: str, reason: str
) -> None:
    understood = read(*segments, pid=pid)
    assert understood.quarantined.startswith(reason) and not understood.reports
    assert "SECRETWORD" not in understood.quarantined


def test_one_bad_order_does_not_cost_the_good_one_and_is_not_hidden() -> None:
    understood = read(obr(_3=""), OBX, obr(_1="2", _3="F-2"), OBX)
    assert len(understood.reports) == 1 and understood.quarantined.startswith("OBR-3")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("ADT^A08", "ADT^A08 is not a report"), ("MDM^T01", "MDM^T01 is not a report"), ("ORM^O01", "ORM^O01")],
)
def test_everything_else_is_ignored_by_name(kind: str, reason: str) -> None:
    assert read(msh=MSH.replace("ORU^R01", kind)).ignored.startswith(reason)


def test_numbers_sent_as_strings_are_no_report_and_stay_in_one() -> None:
    numbers = ("OBX|1|ST|HR||68|/min|||||R", "OBX|2|ST|STI||-0.5||||||R")
    assert "measurements" in read(obr(), *numbers).ignored
    assert report(obr(), "OBX|1|TX|||BI-RADS category||||||F", "OBX|2|ST|||4||||||F").text == "BI-RADS category\n4"


def test_laboratory_results_are_ignored() -> None:
    assert read(obr(_24="LAB"), OBX).ignored == "OBR-24 of OBR 1: not an imaging service"
    assert "measurements" in read(obr(), "OBX|1|NM|718-7^Hb^LN||140|g/L|||||F").ignored


def test_a_cancelled_order_needs_no_text() -> None:
    assert report(obr(_25="X")).status is ReportStatus.CANCELLED


TXA = "TXA|1|DI|TX|20260101|7^SMITH^ANN|||||||DOC-1||P-1|F-1^RIS||AU"


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("T02", ReportStatus.FINAL),
        ("T06", ReportStatus.APPENDED),
        ("T08", ReportStatus.CORRECTED),
        ("T10", ReportStatus.CORRECTED),
    ],
)
def test_documents_are_reports(event: str, status: ReportStatus) -> None:
    found = report(TXA, "OBX|1|TX|||Lungs are clear.", msh=MSH.replace("ORU^R01", f"MDM^{event}"))
    assert found.status is status and found.order.filler == Identifier(value="F-1", authority="RIS")
    assert found.addendum_only == (event == "T06")


def test_a_cancelled_document_is_a_retraction() -> None:
    found = report(TXA, msh=MSH.replace("ORU^R01", "MDM^T11"))
    assert found.status is ReportStatus.ENTERED_IN_ERROR and found.order.filler is not None


def test_line_ends_inside_a_field_do_not_break_the_message() -> None:
    body = f"{MSH}\n{PID}\n{obr()}\nOBX|1|TX|||FINDINGS:\nLungs are clear.\nNo effusion.||||||F\n".encode()
    (found,) = read_reports(body, "main", SenderMap()).reports
    assert found.text == "FINDINGS:\nLungs are clear.\nNo effusion." and found.status is ReportStatus.FINAL


def test_a_lost_backslash_in_msh_2_is_mended() -> None:
    found = report(obr(), "OBX|1|TX|&GDT||Clear.||||||F", msh=MSH.replace("^~\\&", "^~&"))
    assert found.sections[0].kind is SectionKind.FINDINGS and found.text == "Clear."


def test_the_side_is_read_from_modifier_or_words() -> None:
    assert report(obr(_4="73030^XR SHOULDER LEFT^C4"), OBX).order.side is Side.LEFT
    assert report(obr(_44="RT"), OBX).order.side is Side.RIGHT
    assert report(obr(_4="X^RIGHT AND LEFT"), OBX).order.side is None


def test_characters_are_read_as_declared_and_recorded() -> None:
    body = "\r".join([f"{MSH}||||||8859/1", PID, obr(), "OBX|1|TX|||Größe 5 mm.||||||F"]).encode("latin-1")
    understood = read_reports(body, "main", SenderMap())
    assert understood.codec == "iso8859-1" and understood.reports[0].text == "Größe 5 mm."


def test_our_own_message_is_known() -> None:
    header = read_header(MSH.encode())
    assert header is not None and is_echo(header, "RIS", "HOSP") and not is_echo(header, "RIS", "X")


SEGMENTS = st.lists(
    st.sampled_from(
        [PID, obr(), OBX, "ORC|RE|", "TQ1|1", "ZDS|1.2", "NTE|1", "OBX|1|ED|||^^^Base64^QQ==", "OBX", "|", ""]
    )
    | st.text(max_size=30),
    max_size=8,
)


@given(SEGMENTS, st.sampled_from(["ORU^R01", "MDM^T02", "MDM^T11"]))
def test_no_message_makes_it_raise_and_each_ends_as_one_of_three(segments: list[str], kind: str) -> None:
    body = "\r".join([MSH.replace("ORU^R01", kind), *segments]).encode("utf-8", "replace")
    understood = read_reports(body, "main", SenderMap())
    assert understood.reports or understood.ignored or understood.quarantined
    for found in understood.reports:
        assert all(0 <= section.start < section.end <= len(found.text) for section in found.sections)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    read_reports(data, "main", SenderMap())
    read_reports(MSH.encode() + b"\r" + data, "main", SenderMap())
