"""The header reader never raises, and recovers the control id wherever a person could."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.hl7v2.msh import LONGEST_VALUE, read_header

LINE = b"MSH|^~\\&|RIS|HOSP|US|HERE|20260102||ORU^R01^ORU_R01|ID-7|P|2.5.1|||AL|NE||UNICODE UTF-8"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b""])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n  ", b"\x00", b"\x0b"])
def test_the_header_is_read_with_any_line_end_and_after_any_blank(before: bytes, end: bytes) -> None:
    header = read_header(before + LINE + (end and end + b"PID|1"))
    assert header is not None
    assert (header.message_type, header.structure, header.control_id) == ("ORU^R01", "ORU_R01", "ID-7")
    assert (header.application, header.facility) == ("RIS", "HOSP")
    assert (header.accept_ack, header.application_ack, header.charset) == ("AL", "NE", "UNICODE UTF-8")
    assert header.problems == () and not header.is_batch


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    read_header(data)
    read_header(b"MSH" + data)
    read_header(b"FHS|" + data + b"\rBHS" + data + b"\rMSH" + data)


ID = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126, exclude_characters="|"), min_size=1)


@given(ID.filter(lambda text: len(text) <= LONGEST_VALUE), st.lists(st.sampled_from(["", "A", "A^B"]), min_size=6))
def test_the_control_id_is_recovered_whatever_stands_in_the_other_fields(control_id: str, others: list[str]) -> None:
    fields = ["MSH", "^~\\&", *others[:6], "ORU^R01", control_id, "P", "2.5"]
    header = read_header("|".join(fields).encode() + b"\rPID|1")
    assert header is not None
    assert header.control_id == control_id and header.raw_control_id == control_id.encode()


@pytest.mark.parametrize(
    ("start", "encoding"),
    [(b"MSH|^~\\&#|", "^~\\&#"), (b"MSH|^~&|", "^~&"), (b"MSH||", ""), (b"MSH#!@%*#", "!@%*")],
)
def test_other_encoding_characters_do_not_hide_the_control_id(start: bytes, encoding: str) -> None:
    separator = start[3:4]
    kind = b"ORU" + (encoding[:1].encode() or b"^") + b"R01"
    rest = separator.join([b"RIS", b"HOSP", b"", b"", b"", b"", kind, b"ID-7", b"P", b"2.5"])
    header = read_header(start + rest + b"\r")
    assert header is not None
    assert (header.encoding, header.code, header.control_id) == (encoding, "ORU", "ID-7")


def test_a_batch_is_known_by_its_own_control_id_and_its_first_message() -> None:
    batch = b"FHS|^~\\&|||||||||F-1\rBHS|^~\\&|||||||||B-1\r" + LINE + b"\rPID|1\rBTS|1\rFTS|1"
    header = read_header(batch)
    assert header is not None and header.is_batch
    assert (header.control_id, header.code, header.application) == ("B-1", "ORU", "RIS")


def test_several_messages_without_an_envelope_are_a_batch_too() -> None:
    header = read_header(LINE + b"\rPID|1\r" + LINE.replace(b"ID-7", b"ID-8"))
    assert header is not None and header.is_batch and header.control_id == "ID-7"


def test_an_empty_batch_says_what_is_missing() -> None:
    header = read_header(b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|0\r")
    assert header is not None and "the batch holds no MSH segment" in header.problems


@pytest.mark.parametrize("body", [b"", b"PID|1||42", b"MSH", b"MSHA", b"MSH\r|^~\\&", b"hello MSH|^~\\&|"])
def test_without_a_header_segment_there_is_none(body: bytes) -> None:
    assert read_header(body) is None


def test_a_header_behind_other_segments_is_found_and_said() -> None:
    header = read_header(b"PID|1\r" + LINE)
    assert header is not None and header.control_id == "ID-7"
    assert header.problems == ("there are bytes before the MSH segment",)


def test_a_control_id_too_long_for_an_index_keeps_head_and_hash_and_its_raw_bytes() -> None:
    long = b"X" * 5000
    header = read_header(LINE.replace(b"ID-7", long))
    other = read_header(LINE.replace(b"ID-7", long + b"Y"))
    assert header is not None and other is not None
    assert len(header.control_id) <= LONGEST_VALUE and header.control_id != other.control_id
    assert header.raw_control_id == long


def test_utf_16_with_a_mark_is_read() -> None:
    header = read_header(b"\xff\xfe" + (LINE.decode() + "\rPID|1").encode("utf-16-le"))
    assert header is not None and header.control_id == "ID-7"


def test_nul_never_comes_out_of_a_header() -> None:
    header = read_header(LINE.replace(b"RIS", b"R\x00IS").replace(b"ID-7", b"I\x00D"))
    assert header is not None and header.sending_application == "RIS" and "\x00" not in header.control_id
