"""Which numbers an ADT message merges or takes apart; what cannot be paired is left to a person."""

from __future__ import annotations

import pytest

from integration.hl7v2.merges import is_merge, read_merges
from integration.hl7v2.msh import read_header
from integration.hl7v2.senders import SenderMap


def adt(event: str, *segments: str) -> bytes:
    head = f"MSH|^~\\&|ADT|H|||20260101||ADT^{event}^ADT_A39|M1|P|2.5"
    return "\r".join([head, f"EVN|{event}|20260101", *segments]).encode()


def pairs(event: str, *segments: str) -> list[tuple[str, str, str]]:
    found = read_merges(adt(event, *segments), SenderMap()).merges
    return [(each.prior.value, each.surviving.value, each.prior.authority) for each in found]


@pytest.mark.parametrize("event", ["A18", "A34", "A36", "A40"])
def test_the_number_of_mrg_1_goes_into_that_of_pid_3(event: str) -> None:
    assert pairs(event, "PID|1||2^^^HOSP^MR||DOE^J", "MRG|1^^^HOSP^MR") == [("1", "2", "HOSP")]


def test_numbers_are_paired_by_who_assigned_them() -> None:
    both = ("PID|1||2^^^HOSP^MR~20^^^STATE^SS", "MRG|10^^^STATE^SS~1^^^HOSP^MR")
    assert pairs("A40", *both) == [("10", "20", "STATE"), ("1", "2", "HOSP")]
    assert pairs("A40", "PID|1||2^^^HOSP^MR~3^^^HOSP^PI", "MRG|1^^^HOSP^MR") == [("1", "2", "HOSP")]


def test_several_merges_of_one_message_are_all_read() -> None:
    segments = ("PID|1||2^^^H", "MRG|1^^^H", "PID|2||4^^^H", "PD1|", "MRG|3^^^H")
    assert pairs("A40", *segments) == [("1", "2", "H"), ("3", "4", "H")]


def test_an_unlinking_takes_both_numbers_apart_whichever_survived() -> None:
    found = read_merges(adt("A37", "PID|1||1^^^H", "PV1|", "PID|2||2^^^H"), SenderMap()).merges
    assert {(each.prior.value, each.surviving.value) for each in found} == {("1", "2"), ("2", "1")}
    assert all(each.undone for each in found)


@pytest.mark.parametrize(
    ("event", "segments", "place"),
    [
        ("A40", ["PID|1||2^^^HOSP", "MRG|1^^^OTHER"], "MRG-1 of MRG 1"),
        ("A40", ["PID|1||2^^^HOSP~3^^^HOSP", "MRG|1^^^HOSP"], "MRG-1 of MRG 1"),
        ("A40", ["PID|1||2^^^HOSP", 'MRG|""'], "MRG-1 of MRG 1"),
        ("A40", ["MRG|1^^^HOSP"], "MRG-1 of MRG 1"),
        ("A40", ["PID|1||2^^^HOSP"], "MRG: found no such segment"),
        ("A37", ["PID|1||2^^^HOSP"], "PID: found no two patients"),
    ],
)
def test_what_cannot_be_paired_is_left_to_a_person(event: str, segments: list[str], place: str) -> None:
    found = read_merges(adt(event, *segments), SenderMap())
    assert found.quarantined.startswith(place) and not found.merges


def test_accounts_and_a_number_merged_into_itself_change_nothing() -> None:
    assert "A35" in read_merges(adt("A35", "PID|1||2^^^H", "MRG|1^^^H"), SenderMap()).ignored
    assert read_merges(adt("A40", "PID|1||2^^^H", "MRG|2^^^H"), SenderMap()).ignored


@pytest.mark.parametrize(
    ("event", "read"), [("A40", True), ("A37", True), ("A08", False), ("A01", False), ("A24", False)]
)
def test_of_adt_only_merges_are_read(event: str, read: bool) -> None:
    header = read_header(adt(event))
    assert header is not None and is_merge(header) is read
