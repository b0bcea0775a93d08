"""Answers: which are due, with which code, and what they tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.hl7v2.ack import NO_HEADER, NO_TYPE, NOT_STORED, Outcome, answer, refusal
from integration.hl7v2.client import read_answer
from integration.hl7v2.msh import Header, read_header


def header(accept: str = "", application: str = "", version: str = "2.5", start: str = "MSH|^~\\&|") -> Header:
    made = read_header(f"{start}RIS|HOSP|US|HERE|20260102||ORU^R01|A1|P|{version}|||{accept}|{application}\r".encode())
    assert made is not None
    return made


def codes(accept: str, application: str, outcome: Outcome) -> list[str]:
    found = [read_answer(body) for body in answer(header(accept, application), outcome)]
    assert all(each is not None and each.control_id == "A1" for each in found)
    return [each.code for each in found if each]


@pytest.mark.parametrize(
    ("accept", "application", "stored", "retry", "rejected"),
    [
        ("", "", ["AA"], ["AE"], ["AR"]),
        ("AL", "NE", ["CA"], ["CE"], ["CR"]),
        ("AL", "AL", ["CA", "AA"], ["CE"], ["CR"]),
        ("NE", "AL", ["AA"], ["AE"], ["AR"]),
        ("NE", "NE", [], [], []),
        ("ER", "NE", [], ["CE"], ["CR"]),
        ("SU", "NE", ["CA"], [], []),
        ("SU", "AL", ["CA", "AA"], ["AE"], ["AR"]),
        ("NE", "ER", [], ["AE"], ["AR"]),
        ("ER", "SU", ["AA"], ["CE"], ["CR"]),
        ("", "AL", ["AA"], ["AE"], ["AR"]),
        ("", "NE", ["CA"], ["CE"], ["CR"]),
        ("??", "", ["CA"], ["CE"], ["CR"]),
    ],
)
def test_msh_15_and_16_decide_which_answers_go_out(
    accept: str, application: str, stored: list[str], retry: list[str], rejected: list[str]
) -> None:
    assert codes(accept, application, Outcome.STORED) == stored
    assert codes(accept, application, Outcome.RETRY) == retry
    assert codes(accept, application, Outcome.REJECTED) == rejected


def test_an_acknowledgement_is_not_acknowledged_unless_it_asks_for_it() -> None:
    plain = read_header(b"MSH|^~\\&|RIS|HOSP|||2026||ACK^R01|K1|P|2.5\rMSA|AA|1\r")
    asking = read_header(b"MSH|^~\\&|RIS|HOSP|||2026||ACK^R01|K1|P|2.5|||AL\rMSA|AA|1\r")
    assert answer(plain, Outcome.STORED) == ()
    assert [b"MSA|CA|K1" in body for body in answer(asking, Outcome.STORED)] == [True]


def test_no_two_answers_have_one_control_id() -> None:
    bodies = [answer(header(), Outcome.STORED)[0] for _ in range(1000)]
    ids = {body.split(b"|")[9] for body in bodies}
    assert len(ids) == 1000 and all(len(each) == 20 for each in ids)


def test_an_answer_goes_back_from_whom_it_was_sent_to() -> None:
    (body,) = answer(header(), Outcome.STORED)
    fields = body.split(b"\r")[0].split(b"|")
    assert fields[2:6] == [b"US", b"HERE", b"RIS", b"HOSP"]
    assert fields[8] == b"ACK^R01^ACK" and fields[10:12] == [b"P", b"2.5"]


def test_an_error_tells_what_and_where() -> None:
    (body,) = answer(header(), Outcome.REJECTED, NO_TYPE)
    assert b"\rERR||MSH^1^9|101^Required field missing^HL70357|E||||Send the message type in MSH-9.\r" in body


def test_before_version_2_5_the_error_is_one_composite() -> None:
    (body,) = answer(header(version="2.3"), Outcome.REJECTED, NO_TYPE)
    assert b"\rERR|MSH^1^9^101&Required field missing. Send the message type in MSH-9.&HL70357\r" in body


def test_the_senders_own_separators_are_used() -> None:
    made = read_header(b"MSH#!@%*#RIS#HOSP#US#HERE#20260102##ORU!R01#A|1#P#2.5\r")
    (body,) = answer(made, Outcome.STORED)
    assert body.startswith(b"MSH#!@%*#US#") and b"\rMSA#AA#A|1\r" in body


def test_without_a_header_the_refusal_still_goes_out() -> None:
    (body,) = answer(None, Outcome.REJECTED, NO_HEADER, application="US")
    assert b"MSA|AR|" in body and body.startswith(b"MSH|^~\\&|US|")


@given(st.binary(max_size=120))
def test_every_header_that_can_be_read_can_be_answered(data: bytes) -> None:
    made = read_header(b"MSH|" + data)
    for outcome in Outcome:
        for body in answer(made, outcome, NOT_STORED):
            again = read_answer(body)
            assert again is not None and again.code in outcome.value


@given(
    st.binary(min_size=1, max_size=40).filter(
        lambda data: not set(data) & set(b"|\r\n\x0b\x1c") and data == data.strip()
    )
)
def test_msa_2_is_msh_10_byte_for_byte(control_id: bytes) -> None:
    made = read_header(b"MSH|^~\\&|RIS|HOSP|||2026||ORU^R01|" + control_id + b"|P|2.5\r")
    (body,) = answer(made, Outcome.STORED)
    msa = next(line for line in body.split(b"\r") if line.startswith(b"MSA"))
    assert msa == b"MSA|AA|" + control_id


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"PID|1", "MSH^1"),
        (b"MSH|^~\\&|RIS", "MSH^1^9"),
        (b"FHS|^~\\&\rFTS|0", "MSH^1"),
        (b"MSH|^~\\&|RIS||||||ORU^R01|X", None),
    ],
)
def test_what_can_never_be_accepted_is_refused_with_its_place(body: bytes, place: str | None) -> None:
    fault = refusal(read_header(body + b"\r"))
    assert (fault.place if fault else None) == place
