"""The evaluation's pages to everybody's eyes: axe in both themes, and a telephone."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import Connection, Engine

from services.store import calibrations
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import problems, sign_in
from tests.decided import Decided, put

Seed = Callable[[Callable[[Connection], int]], int]
PAGES = tuple(f"/evaluation/{name}" for name in ("reviewers", "drift", "agreement", "shadow"))

CURVE = {
    "engine": "house",
    "model": "house-70b",
    "finding_id": "pneumonia",
    "method": "isotonic",
    "points": [[0.6, 0.4], [1.0, 0.8]],
    "bins": [{"share": 0.6, "agreed": 12, "count": 30}, {"share": 1.0, "agreed": 24, "count": 30}],
    "pairs": 60,
    "brier": {"isotonic": 0.2, "platt": 0.21, "vote share": 0.26},
    "created_by": "account/1",
}


def figures(connection: Connection) -> int:
    """Signed reports for a figure in every table, and a curve in use."""
    for at in range(20):
        rejected = {"state": "rejected", "reason": "negated"} if at % 4 == 0 else {}
        second = "present" if at % 10 < 6 else "absent"
        votes = 1.0 if at % 2 else 2 / 3
        first = Decided(confidence=votes, second=second, shadow=second, days=2 + 10 * (at % 2), **rejected)
        put(connection, first, Decided("cardiomegaly", "uncertain", conflict="absent" if at % 3 else ""))
    if not calibrations.all_of_them(connection, "default"):
        calibrations.put(connection, "default", [CURVE])
    return 0


def test_the_evaluation_is_clean_in_both_themes_and_fits_a_telephone(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    seed(figures)
    page = sign_in(reviewer, engine)
    found = {}
    for theme in ("dark", "light"):
        page.set_viewport_size({"width": 1440, "height": 2400})
        page.goto(f"{worklist.url}/preferences")
        page.get_by_label(theme, exact=True).check()
        page.get_by_role("button", name="Save").click()
        for path in PAGES:
            page.goto(worklist.url + path)
            expect(page.locator("table tbody tr").first).to_be_attached()
            found[theme, path] = problems(page)
    assert [text for each in found.values() for text in each] == []
    page.set_viewport_size({"width": 420, "height": 900})
    for path in PAGES:
        page.goto(worklist.url + path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
