"""Evidence marked in the report: the pieces are the text, and nothing is marked that does not stand in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.web.views import evidence
from services.web.views.evidence import Span

TEXT = st.text(max_size=200)


@given(TEXT, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.sampled_from(["1", "2", "flagged"]))))
def test_the_pieces_joined_are_the_text(text: str, drawn: list[tuple[int, int, str]]) -> None:
    marked = [Span(min(a, b, len(text)), min(max(a, b), len(text)), label) for a, b, label in drawn]
    assert "".join(piece.text for piece in evidence.pieces(text, marked, {3: "Findings"})) == text


@given(TEXT, st.integers(-5, 205), st.integers(-5, 205), st.text(min_size=1, max_size=5))
def test_a_quote_that_does_not_stand_where_it_says_marks_nothing(text: str, start: int, end: int, quote: str) -> None:
    found = evidence.spans(text, [("7", [{"text": quote, "start": start, "end": end}])], [])
    assert all(text[span.start : span.end] == quote for span in found if span.label == "7")


def test_overlapping_evidence_names_both_findings() -> None:
    pieces = evidence.pieces("abcdef", [Span(0, 4, "1"), Span(2, 6, "2")])
    assert [(piece.text, piece.suggestions) for piece in pieces] == [
        ("ab", ("1",)),
        ("cd", ("1", "2")),
        ("ef", ("2",)),
    ]


def test_a_section_that_prints_its_own_heading_gets_no_second_one() -> None:
    text = "FINDINGS: clear.\nNormal."
    pieces = evidence.pieces(text, [], {0: "Findings", 17: "Impression"})
    assert [piece.section for piece in pieces] == ["", "Impression"]
