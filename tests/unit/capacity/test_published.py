"""The planner beside published measurements, and the page that says how far off it is."""

from __future__ import annotations

from scripts.sizing_page import PAGE, page
from services.capacity.published import RUNS, compare, markdown


def test_no_published_run_is_missed_by_more_than_a_quarter_and_none_is_promised_more_than_was_measured() -> None:
    found = list(compare())
    assert len(found) == len(RUNS)
    assert all(-0.25 < one.off <= 0.0 for one in found), markdown()


def test_every_figure_of_the_sizing_page_is_the_planners() -> None:
    """After a change: `python scripts/sizing_page.py`."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
