"""The planner beside published measurements, and the page that says how far off it is."""

from __future__ import annotations

import pytest

from scripts.sizing_page import PAGE, page
from services.capacity.fitting import Version, constants, fit, off, planned, published, worst
from services.capacity.node import SLOW
from services.capacity.published import compare, markdown

VERSIONS = {each.software: each for each in published().versions}
SGLANG = [each for name, each in VERSIONS.items() if name.startswith("SGLang")]


@pytest.mark.parametrize("version", SGLANG, ids=lambda each: each.software)
def test_a_version_is_met_at_its_fitted_points_and_said_to_be_off_at_the_others(version: Version) -> None:
    assert all(abs(off(point, constants(version.software))) < 0.02 for point in version.fitted)
    found = [off(point, constants(version.software)) for point in version.held_out]
    assert min(found) > -0.23
    assert max(found) < 0.10
    assert sum(abs(each) <= 0.12 for each in found) >= len(found) - 1, "all but one within an eighth"


def test_no_point_is_both_fitted_and_held_out() -> None:
    for version in VERSIONS.values():
        assert not {each.model_dump_json() for each in version.fitted} & {
            each.model_dump_json() for each in version.held_out
        }


def test_the_held_out_points_have_no_part_in_the_constants() -> None:
    version = VERSIONS["SGLang 0.5.12"]
    halved = [point.model_copy(update={"rate": point.rate / 2}) for point in version.held_out]
    assert fit(version.fitted) == constants(version.software)
    assert fit([*version.fitted, *halved]) != constants(version.software)


def test_the_fit_finds_constants_that_made_the_points() -> None:
    made = constants("SGLang 0.5.12")
    points = [point.model_copy(update={"rate": planned(point, made)}) for point in VERSIONS["SGLang 0.5.7"].held_out]
    found = fit(points)
    assert found.overhead == pytest.approx(made.overhead, rel=0.05)
    assert found.reach == pytest.approx(made.reach, rel=0.05)
    assert found.prefill == pytest.approx(made.prefill, rel=0.05)


def test_the_bursts_are_off_by_no_more_than_is_written_beside_them() -> None:
    least, most = worst(published().bursts.software)
    found = [one.off for one in compare()]
    assert len(found) == len(published().bursts.runs)
    assert all(least <= one <= most for one in found), markdown()


def test_what_the_lower_edge_takes_off_is_what_was_promised_too_much() -> None:
    assert all(worst(name)[1] < 0.10 for name in SLOW)
    assert worst("SGLang 0.5.7")[1] > 0, "else nothing would be taken off at all"


def test_every_figure_of_the_sizing_page_is_the_planners() -> None:
    """After a change: `python scripts/sizing_page.py`."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
