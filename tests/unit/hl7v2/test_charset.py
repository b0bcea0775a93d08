"""Characters: what the message declares where it holds, else UTF-8, else Windows-1252."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.hl7v2.charset import decode

NAME = "MÜLLER^JOSÉ"


@pytest.mark.parametrize(
    ("encoded", "declared", "codec"),
    [
        (NAME.encode("latin-1"), "8859/1", "iso8859-1"),
        (NAME.encode("latin-1"), "ISO-8859-1", "iso8859-1"),
        (NAME.encode(), "UNICODE UTF-8", "utf-8"),
        (NAME.encode(), "UTF-8", "utf-8"),
        (NAME.encode(), "", "utf-8"),
        (NAME.encode("cp1252"), "", "cp1252"),
        (NAME.encode("utf-8-sig"), "", "utf-8-sig"),
        (NAME.encode("utf-16"), "UNICODE", "utf-16"),
        (NAME.encode(), "8859/1~UNICODE UTF-8", "utf-8"),
    ],
)
def test_the_declared_set_or_the_next_that_fits_is_used_and_recorded(encoded: bytes, declared: str, codec: str) -> None:
    decoded = decode(encoded, declared)
    assert decoded.codec == codec
    assert decoded.text == (NAME if codec != "iso8859-1" else encoded.decode("latin-1"))


@pytest.mark.parametrize("declared", ["ASCII", "UNICODE UTF-8"])
def test_a_declaration_that_does_not_hold_is_said(declared: str) -> None:
    decoded = decode(NAME.encode("cp1252"), declared)
    assert decoded.text == NAME and decoded.fallback


def test_a_site_can_say_what_a_silent_sender_means() -> None:
    assert decode("Привет".encode("iso8859-5"), "", "8859/5").text == "Привет"


@given(st.binary(max_size=100), st.sampled_from(["", "ASCII", "UNICODE UTF-8", "GB 18030-2000", "nonsense"]))
def test_every_message_can_be_decoded(body: bytes, declared: str) -> None:
    decode(body, declared)


@given(st.text(max_size=50))
def test_utf_8_comes_back_unchanged(text: str) -> None:
    body = text.encode()
    if not body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        assert decode(body).text == text


def test_japanese_sets_that_are_switched_to_by_escapes_are_read() -> None:
    text = "MSH|^~\\&|病院|\r胸部に異常なし。"
    for declared in ("~ISO IR87", "ASCII~ISO IR87", "ISO IR14~ISO IR87~ISO IR159"):
        assert decode(text.encode("iso2022_jp"), declared).text == text, declared
