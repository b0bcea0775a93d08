"""What is mentioned and not suggested is said to be that; a critical one first."""

from __future__ import annotations

from typing import Any

from services.reading.grades import grades
from services.web.views.folded import folded

LOW = next(name for name, grade in grades().items() if not grade.holds(0.9))
HIGH = next(name for name, grade in grades().items() if grade.holds(0.9))


def verdict(name: str, grade: str, *, critical: bool = False, status: str = "present") -> dict[str, Any]:
    finding = {"id": name.lower(), "name": name, "critical": critical}
    quotes = [{"text": f"the {name}", "start": 0, "end": 5}]
    return {"finding": finding, "status": status, "side": None, "grade": grade, "shown": False, "quotes": quotes}


def test_low_grades_are_listed_critical_ones_first_with_what_is_known_of_them() -> None:
    rows = [verdict("Cyst", LOW), verdict("Bleed", LOW, critical=True)]
    found = folded(rows, (), 0.9)
    assert [each.name for each in found] == ["Bleed", "Cyst"]
    assert found[0].critical and found[0].quote == "the Bleed"
    known = grades()[LOW]
    assert found[0].precision == f"right in {known.right} of {known.total}" or not known.measured


def test_a_parent_behind_its_child_and_what_a_model_suggests_are_none_of_them() -> None:
    rows = [verdict("Opacity", HIGH), verdict("Bleed", LOW)]
    assert folded(rows, {"bleed"}, 0.9) == []


def test_a_hedged_critical_finding_is_no_critical_note_and_no_reading_has_none() -> None:
    (each,) = folded([verdict("Bleed", LOW, critical=True, status="uncertain")], (), 0.9)
    assert not each.critical
    assert folded([], (), 0.9) == []
