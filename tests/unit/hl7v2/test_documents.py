"""Documents in OBX-5: known by what they are, sent in pieces, and as copies of a text; several of each kind."""

from __future__ import annotations

import pytest

from tests.unit.hl7v2.segments import OBX, encoded, obr, obx, pdf, report

RTF = rb"{\rtf1\ansi FINDINGS: The heart is normal.\par Large left pneumothorax.\par IMPRESSION: Tension.}"
HTML = "<html><body><h3>FINDINGS</h3><p>Large left pneumothorax &amp; no effusion.</p></body></html>"
CDA = (
    '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2"/><title>Report</title>'
    "<recordTarget><patientRole><patient><name>DOE</name></patient></patientRole></recordTarget>"
    "<component><structuredBody><component><section><title>Findings</title><text><paragraph>Large left "
    "pneumothorax.</paragraph></text></section></component></structuredBody></component></ClinicalDocument>"
)


def mime(document: str) -> bytes:
    head = 'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/xml\n'
    return f"{head}Content-Transfer-Encoding: base64\n\n{encoded(document.encode())}\n--b--\n".encode()


# Documents known by what they are.


@pytest.mark.parametrize(
    "observation",
    [
        obx(1, f"^^^^{encoded(pdf('Large left pneumothorax'))}", "ED"),
        obx(1, encoded(pdf("Large left pneumothorax")), "TX"),
        obx(1, encoded(pdf("Large left pneumothorax")), "FT"),
        obx(1, f"RIS^AP^PDF^A^{encoded(pdf('Large left pneumothorax'))}", "ED"),
        obx(1, f"RIS^TEXT^PDF^Base64^{encoded(RTF)}", "ED"),
        obx(1, f"^application^pdf^Base64^{encoded(pdf('Large left pneumothorax'))}", "ST"),
        obx(1, f"PDF^{encoded(pdf('Large left pneumothorax'))}", "ED"),
        obx(1, encoded(RTF), "ST"),
        obx(1, encoded(b"Findings: Large left pneumothorax with shift.")),
        obx(1, f"^TEXT^PLAIN^^{encoded(b'Large left pneumothorax with shift.')}", "ED"),
        obx(1, pdf("Large left pneumothorax").hex()),
        obx(1, "RIS^TEXT^^Base64^Large left pneumothorax with shift.", "ED"),
        obx(1, encoded(HTML.encode())),
        obx(1, f"^text^xml^Base64^{encoded(CDA.encode())}", "ED"),
        obx(1, f"^multipart^x-hl7-cda-level-one^Base64^{encoded(mime(CDA))}", "ED"),
        obx(1, CDA.replace("&", "\\T\\"), "ED"),
        obx(1, CDA, "TX"),
        obx(1, HTML.replace("&", "\\T\\"), "FT"),
        obx(1, "FINDINGS:<br>Large left pneumothorax.<br/>No effusion.", "TX"),
        obx(1, f"RIS^TEXT^RTF^Base64^{encoded(RTF).rstrip('=')}", "ED"),
    ],
)
def test_a_document_is_known_by_its_content(observation: str) -> None:
    text = report(obr(), observation).text
    assert "Large left pneumothorax" in text and not any(mark in text for mark in ("<", "\\par", "JVBER", "e1xydGY"))


@pytest.mark.parametrize(
    "text",
    ["Nodule <5 mm, was <10 mm.", "Called to <dr@example.org> at 10:00.", "T <37.5 C and SpO2 >90.", "a<b and b>c"],
)
def test_what_only_looks_like_markup_stays_text(text: str) -> None:
    assert report(obr(), obx(1, text)).text == text


def test_a_long_word_is_no_document() -> None:
    word = "PNEUMONOULTRAMICROSCOPICSILICOVOLCANOCONIOSIS"
    assert report(obr(), obx(1, word)).text == word


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG"), (b"\xff\xd8\xff\xe0" + bytes(40), "JPEG"), (bytes(60), "unnamed")],
)
def test_pictures_beside_a_text_are_named(data: bytes, reason: str) -> None:
    found = report(obr(), OBX, obx(2, f"^^^Base64^{encoded(data)}", "ED"))
    assert found.text == "Lungs are clear." and any(reason in note for note in found.notes)


# Documents in pieces.


def cut(text: str, pieces: int) -> list[str]:
    size = -(-len(text) // pieces)
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("pieces", [2, 3, 7])
def test_a_document_cut_before_or_after_encoding_is_one(pieces: int) -> None:
    after = [obx(n, f"^TEXT^RTF^Base64^{each}", "ED", "R") for n, each in enumerate(cut(encoded(RTF), pieces), 1)]
    parts = [encoded(each.encode()) for each in cut(RTF.decode(), pieces)]
    before = [obx(n, f"^TEXT^RTF^Base64^{each}", "ED", "R", sub=f"1.{n}") for n, each in enumerate(parts, 1)]
    whole = report(obr(), obx(1, f"^TEXT^RTF^Base64^{encoded(RTF)}", "ED")).text
    assert report(obr(), *after).text == report(obr(), *before).text == whole


@pytest.mark.parametrize("pieces", [2, 5])
def test_pieces_in_repetitions_and_in_text_fields_are_one(pieces: int) -> None:
    whole = report(obr(), obx(1, f"^TEXT^RTF^Base64^{encoded(RTF)}", "ED")).text
    repeated = "~".join(f"^TEXT^RTF^Base64^{each}" for each in cut(encoded(RTF), pieces))
    assert report(obr(), obx(1, repeated, "ED")).text == whole
    lines = [obx(n, each, "TX") for n, each in enumerate(cut(encoded(RTF), pieces), 1)]
    assert report(obr(), *lines).text == whole
    raw = [obx(n, each, "FT") for n, each in enumerate(cut(RTF.decode(), pieces), 1)]
    assert report(obr(), *raw).text == whole


def test_html_over_several_lines_is_one() -> None:
    lines = [
        "<html><body><p>",
        "Large left <b>pneumothorax",
        "</b> in the apex.</p>",
        "<p>No effusion.</p></body></html>",
    ]
    text = report(obr(), *(obx(n, each, "TX", "R") for n, each in enumerate(lines, 1))).text
    assert " ".join(text.split()) == "Large left pneumothorax in the apex. No effusion."


def test_two_whole_documents_stay_two() -> None:
    other = rb"{\rtf1\ansi ADDENDUM: Rib fracture on the right side seen later.}"
    pair = [obx(n, f"^TEXT^RTF^Base64^{encoded(each)}", "ED", "R") for n, each in enumerate((RTF, other), 1)]
    text = report(obr(), *pair).text
    assert "pneumothorax" in text and "Rib fracture" in text and "\\" not in text


# A text and its copy.

LONG = (
    "FINDINGS: The lungs are well expanded. There is a large left pneumothorax with shift to the right. "
    "No pleural effusion is seen. IMPRESSION: Tension pneumothorax on the left side."
)


@pytest.mark.parametrize("first", [True, False])
def test_a_text_and_its_pdf_copy_are_read_once(first: bool) -> None:
    lines, copy = obx(1, LONG), obx(2, f"^AP^PDF^Base64^{encoded(pdf(LONG))}", "ED")
    found = report(obr(), *([lines, copy] if first else [copy, lines]))
    assert found.text.strip() == LONG and any("repeats the text" in note for note in found.notes)


def test_what_a_copy_has_beside_the_text_is_kept() -> None:
    rtf = r"{\rtf1 NORTH HOSPITAL\par " + LONG + r"\par There is also a small apical nodule on the right.\par Page 1}"
    found = report(obr(), obx(1, LONG), obx(2, f"^TEXT^RTF^Base64^{encoded(rtf.encode())}", "ED"))
    assert found.text.count("large left pneumothorax") == 1 and "small apical nodule" in found.text
    assert "NORTH HOSPITAL" not in found.text and any("NORTH HOSPITAL" in note for note in found.notes)


def test_an_excerpt_beside_the_full_document_does_not_hide_it() -> None:
    impression = "Tension pneumothorax on the left side."
    document = f"^AP^PDF^Base64^{encoded(pdf(LONG))}"
    text = report(obr(), obx(1, impression, name="&IMP"), obx(2, document, "ED")).text
    assert "No pleural effusion is seen" in text
