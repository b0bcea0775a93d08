"""The planner beside published measurements, and the page that says how far off it is."""

from __future__ import annotations

from pathlib import Path

from services.capacity.published import RUNS, compare, markdown

PAGE = Path(__file__).parents[3] / "docs/operations/sizing.md"


def test_no_published_run_is_missed_by_more_than_a_quarter_and_none_is_promised_more_than_was_measured() -> None:
    found = list(compare())
    assert len(found) == len(RUNS)
    assert all(-0.25 < one.off <= 0.0 for one in found), markdown()


def test_the_page_has_the_table() -> None:
    """After a change: `countersign capacity --published`."""
    assert markdown() in PAGE.read_text(encoding="utf-8")
