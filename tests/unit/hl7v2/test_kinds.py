"""Kinds of fault that public trackers of engines, servers and archives tell of, each with several of its kind."""

from __future__ import annotations

import pytest

from integration.canonical import SectionKind
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from tests.unit.hl7v2.segments import FINDINGS, MSH, OBX, PID, obr, obx, read, report

# Titles in OBX-3.


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Question", SectionKind.INDICATION),
        ("FRAGESTELLUNG", SectionKind.INDICATION),
        ("^Clinical Information", SectionKind.INDICATION),
        ("Reason for exam:", SectionKind.INDICATION),
        ("HX^Clinical history^L", SectionKind.HISTORY),
        ("^Vorgeschichte", SectionKind.HISTORY),
        ("ANT^Antécédents^L", SectionKind.HISTORY),
        ("Technik", SectionKind.TECHNIQUE),
        ("^Voraufnahmen", SectionKind.COMPARISON),
        ("X1^Comparison study^L", SectionKind.COMPARISON),
        ("Beurteilung", SectionKind.IMPRESSION),
        ("1^Conclusion^L", SectionKind.IMPRESSION),
        ("^^^^Impressions", SectionKind.IMPRESSION),
        ("BEFUND", SectionKind.FINDINGS),
        ("^Radiology Findings", SectionKind.FINDINGS),
        ("Empfehlung", SectionKind.RECOMMENDATION),
        ("Nachtrag", SectionKind.ADDENDUM),
    ],
)
def test_a_title_in_words_marks_its_section(title: str, kind: SectionKind) -> None:
    found = report(obr(), obx(1, "Fall. Rib fracture last year.", name=title), obx(2, "Clear.", name="BODY"))
    assert kind in {section.kind for section in found.sections}


def test_a_title_nobody_knows_stays_as_a_heading() -> None:
    found = report(obr(), obx(1, "Clear.", name="^Right lung"), obx(2, "A nodule.", name="^Left lung"))
    assert found.text == "Right lung: Clear.\nLeft lung: A nodule."
    same = report(
        obr(), obx(1, "Clear.", name="71046^XR CHEST 2 VIEWS^C4"), obx(2, "More.", name="71046^XR CHEST 2 VIEWS")
    )
    assert same.text == "Clear.\nMore."


# Segments and fields that have no place.


def noted(*segments: str, msh: str = MSH) -> str:
    understood = read(*segments, msh=msh)
    assert len(understood.reports) == 1
    whole = "\n".join(understood.reports[0].notes)
    for note in understood.notes:
        assert note.startswith("not read") or note in whole
    return whole


@pytest.mark.parametrize(
    "segments",
    [
        [obr(), OBX, "NTE|1|L|Small apical pneumothorax on review."],
        [obr(), "NTE|1||Small apical pneumothorax on review.", OBX],
        ["NTE|1|P|Small apical pneumothorax on review.", obr(), OBX],
        [obr(), OBX, "NTE|1|L|Small apical~pneumothorax on review."],
        [obr(), OBX, "NTE|1|L|||Small apical pneumothorax on review."],
        [obr(), OBX, "ZTX|1|Small apical pneumothorax on review."],
        [obr(), OBX, "OBXX|2|TX|||Small apical pneumothorax on review."],
        [obr(_20="Small apical pneumothorax on review."), OBX],
        [obr(), "OBX|1|TX|||Clear.||||||F|||Small apical pneumothorax on review."],
    ],
)
def test_words_that_have_no_place_are_a_note(segments: list[str]) -> None:
    assert "pneumothorax on review" in " ".join(noted(*segments).split())


def test_fields_and_segments_nobody_reads_are_named() -> None:
    understood = read("PV1|1|I", obr(_17="+49 30 1"), OBX, "ZPF|1|A")
    assert "not read: PV1, OBR-17, ZPF" in understood.notes


@pytest.mark.parametrize(
    ("segments", "family", "number"),
    [
        ([obr(_16="7^Ito^Mika")], "Ito", "7"),
        (["ORC|RE|1|2|||||||||8^Ruiz^Ana", obr()], "Ruiz", "8"),
        (["ORC|RE|1|2|||||||||8^Ruiz^Ana", obr(_16="7^Ito^Mika")], "Ito", "7"),
        ([obr(_16="~^Okafor^Ada")], "Okafor", ""),
        ([obr()], "", ""),
    ],
)
def test_who_ordered_is_read_from_obr_or_orc(segments: list[str], family: str, number: str) -> None:
    orderer = report(*segments, OBX).order.orderer
    assert (orderer.family if orderer else "") == family
    assert (orderer.identifier.value if orderer and orderer.identifier else "") == number


@pytest.mark.parametrize("kind", ["RT", "TEXT", "XX", "LT", "STX"])
def test_a_type_nobody_knows_is_read_as_text(kind: str) -> None:
    found = report(obr(), obx(1, FINDINGS, kind))
    assert found.text == FINDINGS and any("OBX-2 of OBX 1" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["NM", "DT", "SN", "ID"])
def test_words_under_a_type_of_data_are_read_and_data_stay_beside(kind: str) -> None:
    assert FINDINGS in report(obr(), OBX, obx(2, FINDINGS, kind)).text
    found = report(obr(), OBX, f"OBX|2|{kind}|1^Diameter^L||8|mm|||||F")
    assert found.text == "Lungs are clear." and any("Diameter: 8 mm" in note for note in found.notes)


@pytest.mark.parametrize("name", ["OBX ", "obx", "Obx", " OBX", "\tOBX ", "\ufeffOBX"])
def test_blanks_and_small_letters_in_a_segment_name_are_borne(name: str) -> None:
    found = report(obr(), OBX, f"{name}|2|TX|||{FINDINGS}||||||F")
    assert found.text == f"Lungs are clear.\n{FINDINGS}"


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        (["OBX|1|TX|||Large left pneu", "ADD|mothorax.||||||F"], "Large left pneumothorax."),
        (["OBX|1|TX|||A", "ADD|B", "ADD|C||||||F", "OBX|2|TX|||D||||||F"], "ABC\nD"),
        (["OBX|1|FT|||One.\\.br", "ADD|\\Two.||||||F"], "One.\nTwo."),
    ],
)
def test_add_continues_the_field_before_it(segments: list[str], text: str) -> None:
    assert report(obr(), *segments).text == text


@pytest.mark.parametrize(
    ("tail", "text"),
    [
        ("Nodule 8 mm | left lung stable.||||||F", "Nodule 8 mm | left lung stable."),
        ("A | B | large pneumothorax||||||F", "A | B | large pneumothorax"),
        ("Chest | large left pneumothorax", "Chest | large left pneumothorax"),
        ("R|L pneumothorax||||||P", "R|L pneumothorax"),
    ],
)
def test_an_unescaped_separator_costs_no_words(tail: str, text: str) -> None:
    found = report(obr(), f"OBX|1|TX|1^T||{tail}")
    assert found.text == text and any("unescaped" in note for note in found.notes)


def test_a_range_and_a_unit_are_no_text() -> None:
    found = report(obr(), "OBX|1|TX|||Text.||||||F", "OBX|2|ST|1^Ratio||0.4|mg per day|<1 normal||||F")
    assert found.text == "Text.\nRatio: 0.4 mg per day"


# Repetitions.


@pytest.mark.parametrize(
    "pid3",
    [
        '""^^^NAT~42^^^HOSP^MR',
        "^^^NAT^PPN~42^^^HOSP^MR",
        "~42^^^HOSP^MR",
        '""~""^^^A~ ~42^^^HOSP^MR',
        "42^^^HOSP^MR~43",
    ],
)
def test_an_empty_identifier_first_does_not_hide_the_others(pid3: str) -> None:
    assert report(obr(), OBX, pid=f"PID|1||{pid3}||DOE^J").patient.identifiers[0].value == "42"


def test_empty_repetitions_do_not_hide_orders_codes_and_status() -> None:
    found = report(obr(_3='""^RIS~F-9^RIS', _4="~71046^CHEST", _18="CHEST~A77", _25='""~F', _27="^^^^^R~^^^^^S"), OBX)
    assert found.order.filler is not None and found.order.filler.value == "F-9"
    assert found.order.accession is not None and found.order.accession.value == "A77"
    assert (found.order.procedure.code, found.order.priority.name, found.status.value) == ("71046", "STAT", "final")


# Characters.

SAID = "Größe “8” mm – klein"


@pytest.mark.parametrize(
    ("codec", "declared", "read_as"),
    [
        ("cp1252", "8859/1", "cp1252"),
        ("utf-8", "8859/1", "utf-8"),
        ("utf-8", "8859/15", "utf-8"),
        ("utf-8", "ASCII", "utf-8"),
        ("cp1252", "UNICODE UTF-8", "cp1252"),
        ("cp1252", "ASCII", "cp1252"),
        ("cp1252", "NOSUCHSET", "cp1252"),
        ("utf-8", "NOSUCHSET", "utf-8"),
        ("utf-8", "UNICODE UTF-16", "utf-8"),
    ],
)
def test_a_declared_set_is_checked_against_the_bytes(codec: str, declared: str, read_as: str) -> None:
    body = "\r".join([f"{MSH}||||||{declared}", PID, obr(), obx(1, SAID)]).encode(codec)
    understood = read_reports(body, "main", SenderMap())
    assert understood.reports[0].text == SAID and understood.codec == read_as
    assert any(problem.startswith("MSH-18") for problem in understood.problems)


def test_strays_among_utf_8_do_not_spoil_the_rest() -> None:
    body = "\r".join([f"{MSH}||||||UNICODE UTF-8", PID, obr(), obx(1, f"{SAID} @")]).encode().replace(b"@", b"\x93")
    understood = read_reports(body, "main", SenderMap())
    assert understood.reports[0].text == f"{SAID} “" and understood.problems


@pytest.mark.parametrize(("codec", "declared"), [("iso8859-2", "8859/2"), ("cp1250", "8859/2"), ("cp1251", "8859/5")])
def test_other_latin_and_cyrillic_sets(codec: str, declared: str) -> None:
    text = "Żółć “x”" if codec == "cp1250" else "Żółć" if declared == "8859/2" else "Лёгкие “x”"
    body = "\r".join([f"{MSH}||||||{declared}", PID, obr(), obx(1, text)]).encode(codec)
    assert read_reports(body, "main", SenderMap()).reports[0].text == text


# Escapes.


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("\\XE2\\\\X89\\\\XA5\\ 8", "≥ 8"),
        ("\\XE2\\\\X89A5\\ 8", "≥ 8"),
        ("\\xe289a5\\ 8", "≥ 8"),
        ("\\XF0\\\\X9F\\\\XAB\\\\X81\\", "🫁"),
        ("pr\\XC3\\\\XA4\\sent", "präsent"),
        ("pr\\XE4\\sent", "präsent"),
        ("a\\XD\\\\XA\\b", "a\nb"),
        ("a\\X0D0A\\b", "a\nb"),
        ("a\\XABC\\b", "a\\XABC\\b"),
        ("\\P\\3", "#3"),
        ("\\C2842\\text\\M2442\\", "text"),
    ],
)
def test_escapes_give_whole_characters(sent: str, text: str) -> None:
    assert report(obr(), obx(1, sent)).text == text


def test_the_truncation_character_is_the_one_of_msh_2() -> None:
    assert report(obr(), obx(1, "\\P\\3"), msh=MSH.replace("^~\\&", "^~\\&%")).text == "%3"


# Messages in parts.


@pytest.mark.parametrize(
    ("msh", "segments", "place"),
    [
        (MSH, [obr(), OBX, "DSC|C1|F"], "DSC-1"),
        (MSH + "||C1", [obr(), OBX], "MSH-14"),
        (MSH + "||C1", ["ADD|rest||||||F"], "MSH-14"),
        (MSH + "||C1", [obr(), OBX, "DSC|C2|I"], "MSH-14"),
    ],
)
def test_a_fragment_is_never_taken_for_the_report(msh: str, segments: list[str], place: str) -> None:
    understood = read(*segments, msh=msh)
    assert understood.quarantined.startswith(place) and not understood.reports


def test_an_empty_dsc_ends_nothing() -> None:
    assert report(obr(), OBX, "DSC").text == "Lungs are clear."


# What belongs to nobody.


def test_lines_of_a_patient_without_order_are_held_and_join_no_other_patient() -> None:
    understood = read(obr(), OBX, PID.replace("42", "43"), obx(1, FINDINGS))
    assert [each.text for each in understood.reports] == ["Lungs are clear."]
    assert understood.quarantined.startswith("OBX 2: found no order of its patient")


def test_an_order_of_another_patient_without_text_is_no_exam_of_this_one() -> None:
    understood = read(obr(_3="F1", _18="A1"), OBX, PID.replace("42", "43"), obr(_3="F2", _18="A2"))
    assert understood.reports[0].exams == () and "OBR 2" in understood.quarantined
