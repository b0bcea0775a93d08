"""Sections, sentences, spelling and levels: what the verdicts stand on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Quote, Section, SectionKind
from services.reading.rules.remainder import without
from services.reading.rules.sections import blocks
from services.reading.rules.sentences import sentences
from services.reading.rules.spelling import Speller, distance
from services.reading.rules.tokens import level, tokenise

WORDS = st.text(alphabet="abc AB.:,;\n-1)*[]é/", max_size=120)


def _kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind.value, text[block.start : block.end].strip()) for block in blocks(text)]


def _sentences(text: str) -> list[str]:
    return [" ".join(text[s.start : s.end].split()) for s in sentences(text, blocks(text))]


def test_headings_are_found_on_their_own_line_and_inside_a_line() -> None:
    text = "INDICATION: cough. FINDINGS: Clear.\nIMPRESSION\nNormal."

    assert _kinds(text) == [("indication", "cough."), ("findings", "Clear."), ("impression", "Normal.")]


def test_without_a_findings_heading_the_paragraph_after_the_technique_is_the_findings() -> None:
    text = "TECHNIQUE: Axial images.\n\nThere is no bleed.\n\nIMPRESSION: Normal."

    assert _kinds(text) == [
        ("technique", "Axial images."),
        ("findings", "There is no bleed."),
        ("impression", "Normal."),
    ]


def test_an_organ_label_under_the_history_begins_the_findings() -> None:
    assert _kinds("HISTORY: Cough.\nLUNGS: Clear.") == [("history", "Cough."), ("findings", "LUNGS: Clear.")]


def test_the_title_above_the_first_heading_is_no_finding() -> None:
    assert _kinds("Final report\nPET BRAIN TUMOR EVALUATION\nFINDINGS: Normal.")[0][0] == "other"
    assert _kinds("There is a mass.\nIMPRESSION: Mass.")[0][0] == "findings"


def test_sections_of_the_source_are_kept() -> None:
    text = "cough\nclear lungs"
    given_sections = (Section(kind=SectionKind.INDICATION, start=0, end=6),)

    assert [block.kind for block in blocks(text, given_sections)] == [SectionKind.INDICATION, SectionKind.FINDINGS]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion.Heart normal.", ["No effusion.", "Heart normal."]),
        ("Seen by Dr. Smith. It measures 2.5 cm.", ["Seen by Dr. Smith.", "It measures 2.5 cm."]),
        ("1. No effusion.\n2. Normal heart.", ["No effusion.", "Normal heart."]),
        ("There is no\nevidence of a\nfracture of the rib.", ["There is no evidence of a fracture of the rib."]),
        ("Atelectasis vs. pneumonia.", ["Atelectasis vs. pneumonia."]),
        ("Lungs: Clear\nHeart: Normal", ["Lungs: Clear", "Heart: Normal"]),
    ],
)
def test_sentences_survive_abbreviations_lists_and_line_breaks(text: str, expected: list[str]) -> None:
    assert _sentences(text) == expected


@given(WORDS)
def test_every_letter_outside_headings_stands_in_one_sentence_at_most(text: str) -> None:
    found = sentences(text, blocks(text))

    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(text[token.start : token.end] for sentence in found for token in sentence.tokens)


@pytest.mark.parametrize("written", ["L4-L5", "L4/5", "L4-5", "l4 - l5", "L4–L5"])
def test_a_spinal_level_has_one_spelling(written: str) -> None:
    assert [token.text for token in tokenise(written)] == ["l4-l5"]


def test_the_level_below_a_region_is_named_with_the_next_one() -> None:
    assert level("L5-1") == "l5-s1"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("pneumothroax", "pneumothorax"), ("efusion", "effusion"), ("consolidaton", "consolidation")],
)
def test_a_typing_error_in_a_name_is_seen_through(typed: str, meant: str) -> None:
    assert Speller(frozenset({"pneumothorax", "effusion", "consolidation"})).correct(typed) == meant


@pytest.mark.parametrize(
    ("typed", "known"), [("hypodense", "hyperdense"), ("abnormal", "normal"), ("infusion", "effusion")]
)
def test_spelling_never_crosses_an_opposite(typed: str, known: str) -> None:
    token = tokenise(typed)[0]

    assert Speller(frozenset({known})).spelled(token).canon == token.canon


@given(st.text(alphabet="abc", max_size=8), st.text(alphabet="abc", max_size=8))
def test_edit_distance_is_symmetric_and_zero_only_for_the_same_word(first: str, second: str) -> None:
    assert distance(first, second) == distance(second, first)
    assert (distance(first, second) == 0) == (first == second)


@given(WORDS, st.integers(0, 120), st.integers(0, 120))
def test_the_way_back_from_what_is_left_points_at_the_same_characters(text: str, first: int, last: int) -> None:
    start, end = sorted((min(first, len(text)), min(last, len(text))))
    kept = without(text, [Quote(text=text[start:end], start=start, end=end)] if start < end else [])

    for at, char in enumerate(kept.text):
        origin, _ = kept.original(at, at + 1)
        assert text[origin] == char
