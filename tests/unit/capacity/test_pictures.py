"""Pictures that hold themselves together and show what the plan says."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from services.capacity.pictures import HEIGHT, WIDTH, lines

SVG = "{http://www.w3.org/2000/svg}"
POINTS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e9)), min_size=1, max_size=30)


@example({"a": [(0, 5e-324)]}, "")
@given(st.dictionaries(st.sampled_from(["a", "b & c", "<d>"]), POINTS, min_size=1), st.text("abc<>&\"'", max_size=20))
def test_every_line_is_drawn_inside_the_frame(series: dict[str, list[tuple[float, float]]], title: str) -> None:
    picture = ElementTree.fromstring(lines(title, "x", "y", series))
    drawn = picture.findall(f"{SVG}polyline")
    assert len(drawn) == len(series)
    for line, points in zip(drawn, series.values(), strict=True):
        places = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        assert len(places) == len(points)
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "href" not in lines("t", "x", "y", {"a": [(0, 1), (1, 2)]})
