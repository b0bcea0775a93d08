"""Lines that head one side of what is told below them, and lines that do not; none takes long."""

from __future__ import annotations

import pytest

from services.reading.rules.side_headings import heads_both, heads_side


@pytest.mark.parametrize(
    "line", ["Right breast", "LEFT KNEE -", "Left:", "**Rt axilla**:", "R breast:", "  - left  hip (two views) :", "L:"]
)
def test_a_side_and_one_of_a_pair_head_a_line(line: str) -> None:
    assert heads_side(line, 0, len(line))


@pytest.mark.parametrize(
    "line", ["", "Right pleural effusion", "Left breast: a cyst", "R", "Both knees", "left in situ"]
)
def test_what_tells_something_heads_nothing(line: str) -> None:
    assert not heads_side(line, 0, len(line))


def test_both_sides_have_to_head_a_line() -> None:
    assert heads_both("Right breast\nA cyst.\nLeft breast\nNormal.")
    assert not heads_both("Right breast\nA cyst.\nThe left breast is normal.")


def test_a_side_and_forty_thousand_spaces_are_no_heading_and_take_no_time() -> None:
    line = "left" + 40_000 * " " + "x"
    assert not heads_side(line, 0, len(line))
    assert not heads_both(f"{line}\n{line}")
