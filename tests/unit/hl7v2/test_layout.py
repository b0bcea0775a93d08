"""A message as an analyst reads it: names and types of the standard, what is decoded, what two messages differ in."""

from __future__ import annotations

import base64

import pytest
from hl7apy.v2_8_2.fields import FIELDS

from integration.hl7v2.comparison import compared
from integration.hl7v2.dictionary import field, fields, segment_title
from integration.hl7v2.layout import as_sent, lay_out, title

HEAD = "MSH|^~\\&|RIS|HOSP|CS|HOSP|20260101||ORU^R01^ORU_R01|C1|P|2.5.1\rPID|1||42^^^HOSP||Muñoz^Ana\r"


def message(*segments: str) -> bytes:
    return (HEAD + "\r".join(segments)).encode()


@pytest.mark.parametrize(
    ("segment", "number", "name", "datatype"),
    [
        ("PID", 3, "Patient Identifier List", "CX"),
        ("OBR", 25, "Result Status", "ID"),
        ("OBX", 5, "Observation Value", "varies"),
        ("MSH", 10, "Message Control ID", "ST"),
        ("TXA", 17, "Document Completion Status", "ID"),
        ("OBR", 99, "", ""),
        ("ZDS", 1, "", ""),
    ],
)
def test_fields_have_the_names_and_types_of_the_standard(segment: str, number: int, name: str, datatype: str) -> None:
    found = field(segment, number)
    assert (found.name, found.datatype) == (name, datatype)


def test_every_segment_that_is_read_has_a_title() -> None:
    assert title("OBX 3") == "OBX 3 · Observation/result"
    assert segment_title("ZZZ") == "a site's own segment"
    assert title("QQQ 1") == "QQQ 1"


def test_fields_are_laid_out_under_their_segments() -> None:
    found = {(each.segment, each.place): each for each in lay_out(message("OBX|1|TX|A^Text||One", "OBX|2|NM|B||7"))}
    assert found["PID 1", "PID-3"].value == "42^^^HOSP"
    assert found["OBX 2", "OBX-5"].datatype == "NM"
    assert found["OBX 1", "OBX-5"].reads == ""


@pytest.mark.parametrize(
    ("sent", "reads"),
    [
        (r"One\.br\Two", "One\nTwo"),
        (r"A \T\ B", "A & B"),
        ("First~Second", "First\nSecond"),
        (r"\X48\\X49\ there", "HI there"),
    ],
)
def test_a_result_is_decoded(sent: str, reads: str) -> None:
    (found,) = (each for each in lay_out(message(f"OBX|1|TX|A||{sent}")) if each.place == "OBX-5")
    assert (found.value, found.reads, found.document) == (sent, reads, "")


@pytest.mark.parametrize(
    ("data", "document", "reads"),
    [
        (b"Lungs clear.\nNo effusion.", "text/plain, 25 bytes", "Lungs clear.\nNo effusion."),
        ("Größe unverändert".encode(), "text/plain, 20 bytes", "Größe unverändert"),
        (b"<html><body><p>Clear</p></body></html>", "text/html, 38 bytes", "<html><body><p>Clear</p></body></html>"),
        (b"%PDF-1.7 " + bytes(600), "application/pdf, 609 bytes", ""),
        (b"{\\rtf1 Clear}", "application/rtf, 13 bytes", ""),
    ],
)
@pytest.mark.parametrize("encoding", ["Base64", "Hex"])
def test_a_document_is_told_by_its_bytes_and_plain_text_is_shown(
    data: bytes, document: str, reads: str, encoding: str
) -> None:
    sent = base64.b64encode(data).decode() if encoding == "Base64" else data.hex()
    segment = f"OBX|1|ED|A||^application^X^{encoding}^{sent}"
    (found,) = (each for each in lay_out(message(segment)) if each.place == "OBX-5")
    assert (found.document, found.reads) == (document, reads)


def test_base64_that_is_none_is_shown_as_it_was_sent() -> None:
    (found,) = (each for each in lay_out(message("OBX|1|ED|A||^T^X^Base64^not*base64")) if each.place == "OBX-5")
    assert found.value.endswith("not*base64") and not found.document


def test_what_cannot_be_taken_apart_is_shown_by_its_lines() -> None:
    assert [(each.place, each.value) for each in lay_out(b"no message\nat all")] == [
        ("line 1", "no message"),
        ("line 2", "at all"),
    ]


def test_as_sent_is_a_segment_a_line_in_the_senders_characters() -> None:
    latin = message("OBX|1|TX|A||é").decode().encode("latin-1")
    assert as_sent(latin).splitlines()[1] == "PID|1||42^^^HOSP||Muñoz^Ana"


def differing(left: bytes, right: bytes) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (row.segment, row.place): (row.left, row.right)
        for row in compared(lay_out(left), lay_out(right))
        if row.differs
    }


def test_the_same_message_differs_in_nothing() -> None:
    same = message("OBX|1|TX|A||One")
    assert differing(same, same) == {}


def test_a_changed_a_missing_and_an_added_field_are_named() -> None:
    left, right = message("OBR|1|P1|F1|X", "OBX|1|TX|A||One"), message("OBR|1||F1|X|S", "OBX|1|TX|A||Two")
    assert differing(left, right) == {
        ("OBR 1", "OBR-2"): ("P1", ""),
        ("OBR 1", "OBR-5"): ("", "S"),
        ("OBX 1", "OBX-5"): ("One", "Two"),
    }


def test_an_added_segment_moves_no_other() -> None:
    lines = [f"OBX|1|TX|A||Line {number}" for number in range(5)]
    found = differing(message(*lines), message(*lines[:2], "NTE|1||New", *lines[2:]))
    assert found == {("NTE 1", "NTE-1"): ("", "1"), ("NTE 1", "NTE-3"): ("", "New")}
    assert set(differing(message(*lines), message(*lines[1:]))) == {("OBX 1", f"OBX-{n}") for n in (1, 2, 3, 5)}


def test_the_dictionary_has_every_field_the_library_has() -> None:
    assert fields() == {place: (told[3], told[2]) for place, told in FIELDS.items()}
