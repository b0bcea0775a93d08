"""How urgent a message is, before it is understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Priority
from integration.hl7v2.msh import read_header
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from integration.hl7v2.urgency import urgency
from tests.messages import oru


def of(body: bytes) -> Priority:
    return urgency(body, read_header(body))


@pytest.mark.parametrize(("word", "priority"), [("S", 0), ("ASAP", 0), ("U", 1), ("R", 2), ("", 2), ("Z9", 2)])
def test_obr_27_says_it(word: str, priority: int) -> None:
    assert of(oru("A1", priority=word)) == priority


@pytest.mark.parametrize("segment", [b"OBR|2|||x|S", b"TQ1|1||||||||S^Stat", b"ORC|RE||||||^^^^^S", b"OBR|2|||x|s~R"])
def test_the_most_urgent_of_all_segments_counts(segment: bytes) -> None:
    assert of(oru("A1", priority="R") + segment + b"\r") is Priority.STAT


def test_other_separators_are_those_of_msh() -> None:
    body = oru("A1", priority="S").replace(b"|", b"#").replace(b"^", b"!")
    assert of(body) is Priority.STAT


@given(st.binary(max_size=400))
def test_nothing_makes_it_fail(tail: bytes) -> None:
    assert of(oru("A1", priority="S") + tail) is Priority.STAT
    assert of(tail) in Priority


@given(st.sampled_from(["S", "A", "U", "P", "R", "", "T"]), st.sampled_from(["", "STAT", "ROUTINE"]))
def test_it_agrees_with_the_report_that_is_read_later(quantity: str, obr5: str) -> None:
    body = oru("A1", priority=quantity).replace(b"^L|||2026", f"^L|{obr5}||2026".encode())
    (report,) = read_reports(body, "default", SenderMap()).reports
    assert of(body) == report.order.priority
