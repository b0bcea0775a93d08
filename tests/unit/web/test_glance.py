"""What one glance at a report tells: age, dates with their year, links, why, what happened meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.reports import Suggestion
from services.domain.reviews import Glance
from services.domain.words import Origin, ReadingState, ReviewState, SuggestionState, VersionState
from services.web.views.columns import COLUMNS
from services.web.views.dates import Dates, UnknownZone, age
from services.web.views.links import filled
from services.web.views.overtaken import overtaken
from services.web.views.why import why

AT = datetime(2025, 10, 24, 19, 48, 7, tzinfo=UTC)
TEXT = "FINDINGS: A small effusion.\nIMPRESSION: Small right effusion.\n"


@pytest.mark.parametrize(
    ("born", "at", "told"),
    [
        ("1961-04-17", "2025-10-24T19:48:07+00:00", "64 y"),
        ("19611025", "2025-10-24T19:48:07+00:00", "63 y"),
        ("2024-10-25", "2025-10-24T00:00:00+00:00", "11 mo"),
        ("1961", "2025-10-24T00:00:00+00:00", ""),
        ("2025-12-01", "2025-10-24T00:00:00+00:00", ""),
        ("1961-02-30", "2025-10-24T00:00:00+00:00", ""),
    ],
)
def test_the_age_is_that_at_the_exam(born: str, at: str, told: str) -> None:
    assert age(born, at) == told


def test_dates_have_their_year_and_the_offset_is_said_once() -> None:
    assert ">24 Oct 2025 19:48<" in str(Dates().moment(AT))
    assert ">24 Oct 2025 19:48 +0200<" in str(Dates().moment("2025-10-24T19:48:07+02:00"))
    assert ">2025-10-24 19:48:07<" in str(Dates().instant(AT))
    assert ">2025-10-24 19:48:07.000<" in str(Dates().millis(AT))
    assert Dates().tz is UTC
    berlin = Dates.of("Europe/Berlin")
    assert ">24 Oct 2025 21:48<" in str(berlin.moment(AT))
    assert berlin.offset().startswith("Europe/Berlin, UTC+0")
    assert ">2025-10-24 21:48:07.000<" in str(berlin.millis(AT))
    assert berlin.read("2025-10-24T21:48") == AT.replace(second=0)
    assert Dates().offset() == "UTC"
    with pytest.raises(UnknownZone, match="Berlin time"):
        Dates.of("Berlin time")


def test_a_link_is_shown_where_all_it_asks_for_is_known_and_is_escaped() -> None:
    templates = {"PACS": "https://pacs.example/?acc={accession}&p={patient}", "Study": "https://x.example/{study}"}
    found = filled(templates, {"accession": "A&1/2", "patient": "4711", "study": ""})
    assert found == [("PACS", "https://pacs.example/?acc=A%261%2F2&p=4711")]


def suggestion(**values: Any) -> Suggestion:
    plain: dict[str, Any] = dict.fromkeys(Suggestion.__dataclass_fields__, None)
    start = TEXT.index("Small right")
    plain |= {"origin": Origin.AI, "state": SuggestionState.PROPOSED, "rule": "asserted/phrase@1-2", "readers": {}}
    plain |= {"rationale": "The report asserts it.", "status": "present", "quotes": [{"start": start}]}
    return Suggestion(**plain | values)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ["Named in the impression."]),
        ({"status": "absent"}, ["Denied in the impression."]),
        ({"quotes": [{"start": 12}, {"start": 42}]}, ["Named in the findings and impression."]),
        ({"quotes": []}, ["Named in the report."]),
        ({"rule": "conflict/side/x"}, ["The report says it both ways: look at each place."]),
        ({"rationale": "Blunted angle."}, ["Blunted angle."]),
        ({"readers": {"rules": "present", "r1": "present"}}, ["Named in the impression.", "Rules and model agree."]),
        (
            {"readers": {"rules": "present", "r1": "not_mentioned"}},
            ["Named in the impression.", "The model does not mention it."],
        ),
        (
            {"readers": {"rules": "not_mentioned", "r1": "present"}},
            ["Named in the impression.", "The rules engine does not mention it."],
        ),
    ],
)
def test_why_is_said_in_words(values: dict[str, Any], told: list[str]) -> None:
    assert why(suggestion(**values), TEXT) == told


NOW = Glance(
    state=ReviewState.CLAIMED, version_id=7, version_state=VersionState.CURRENT, reading_state=ReadingState.READ,
    claimed_by=1, claimer="Ada", claim_live=True, signed_by=None, signer=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ""),
        ({"claim_live": False, "claimed_by": 2}, ""),
        ({"claimed_by": 2, "claimer": "Ben"}, "open by Ben"),
        ({"signed_by": 2, "signer": "Ben"}, "Ben has signed"),
        ({"signed_by": 1}, ""),
        ({"version_id": 8}, "was corrected"),
        ({"version_state": VersionState.SUPERSEDED}, "was corrected"),
        ({"version_state": VersionState.RETRACTED}, "taken this report back"),
        ({"state": ReviewState.CANCELLED}, "taken this report back"),
        ({"reading_state": ReadingState.FAILED}, "Another reading"),
    ],
)
def test_what_happened_meanwhile_is_said_in_a_sentence(values: dict[str, Any], told: str) -> None:
    plain = {name: getattr(NOW, name) for name in Glance.__dataclass_fields__}
    said = overtaken(Glance(**plain | values), 1, 7, "read")
    assert told in said
    assert bool(said) is bool(told)


def test_a_column_has_a_heading_a_cell_and_a_width() -> None:
    from services.web.app import STATIC
    from services.web.pages.rendering import TEMPLATES

    cells, styles = (TEMPLATES / "_cells.html").read_text(), (STATIC / "pages.css").read_text()
    for column in COLUMNS:
        assert f"'{column.cell}':" in cells
        assert f'class="c-{column.cell}' in cells
        assert f".c-{column.cell}" in styles or column.cell == "suggested"
        assert all(column.next_sort(sort) in column.sorts for sort in column.sorts)
