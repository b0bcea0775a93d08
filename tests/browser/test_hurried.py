"""A hurried user: keys held, repeated, pressed early. Nothing is signed that was not shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine, func, select

from integration.canonical import Priority
from services.store.tables import audit, opening, review, showing
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import ready
from tests.seeding import Exam

Seed = Callable[[Callable[[Connection], int]], int]
SETTLE = 1.5
REPORTS = 20
# At the default settling time; only the undo window is shorter, so that signatures stand while the test looks.
DEFAULTS = {"COUNTERSIGN_WORKLIST__SETTLE": "1.5", "COUNTERSIGN_WORKLIST__UNDO": "3"}


def on_screen(page: Page) -> str:
    return page.locator("main.review").get_attribute("data-report") or ""


def hammer(page: Page, *keys: str, every: int, times: int, hold: bool = False) -> None:
    """Presses keys again and again, faster than anybody reads; held, it is one long press each."""
    for _ in range(times):
        for key in keys:
            page.keyboard.down(key)
            page.wait_for_timeout(every)
            if not hold:
                page.keyboard.up(key)
    for key in keys:
        page.keyboard.up(key)


@pytest.mark.parametrize("worklist", [DEFAULTS], indirect=True)
def test_keys_held_repeated_and_early_sign_nothing_that_was_not_shown(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    for number in range(REPORTS):
        normal = Exam(text=seeding.NORMAL, says=(), priority=Priority.STAT)
        seed(partial(seeding.put, exam=normal if number % 2 else Exam()))
    earlier = signed(engine)  # the trail of other tests stays, and reports are numbered anew
    page = reviewer().page
    page.goto(f"{worklist.url}/worklist?flag=none")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("main.review")).to_be_visible()
    first = on_screen(page)
    hammer(page, "s", every=150, times=6)
    assert on_screen(page) == first
    hammer(page, "s", every=40, times=30, hold=True)
    assert on_screen(page) == first
    assert signed(engine) == earlier
    # Whoever stops, looks and presses once signs what they looked at, and the keys after that sign nothing.
    page.wait_for_timeout(1000 * SETTLE + 400)
    hammer(page, "s", every=120, times=8)
    expect(page.locator("main.review")).not_to_have_attribute("data-report", first)
    hammer(page, "a", "s", every=60, times=12)
    hammer(page, "Enter", "s", every=90, times=6)
    assert signed(engine) == earlier + 1
    assert seen_before_each(engine)


def signed(engine: Engine) -> int:
    with engine.connect() as connection:
        query = select(func.count()).where(audit.c.action == "review.sign", audit.c.report_id == review.c.report_id)
        return connection.scalar(query.select_from(audit)) or 0


def seen_before_each(engine: Engine) -> bool:
    """Whether each report signed stood on the screen for as long as is asked, to its end or with all its evidence."""
    at = func.coalesce(review.c.signature_at, review.c.signed_at)
    with engine.connect() as connection:
        rows = connection.execute(
            select(
                func.extract("epoch", at - showing.c.shown_at).label("seconds"),
                showing.c.ended_at,
                select(func.count()).where(opening.c.review_id == review.c.id, opening.c.evidence_at < at)
                .scalar_subquery().label("words"),
                review.c.suggestions,
            )
            .join(showing, showing.c.review_id == review.c.id)
            .where(at.is_not(None))
        ).all()  # fmt: skip
    return bool(rows) and all(
        row.seconds >= SETTLE and (row.ended_at or 0 < row.words == row.suggestions) for row in rows
    )


@pytest.mark.parametrize("worklist", [{**DEFAULTS, "COUNTERSIGN_WORKLIST__UNDO": "6"}], indirect=True)
def test_a_signature_is_taken_back_by_a_key_and_the_report_is_there_again(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    person = reviewer()
    page = person.page
    page.goto(f"{worklist.url}/reports/{number}")
    for decided in (1, 2, 3):
        expect(page.locator("body:not([data-busy])")).to_have_count(1)
        page.keyboard.press("a")
        expect(page.locator("[data-panel] .progress b")).to_have_text(str(decided))
    page.wait_for_timeout(1000 * SETTLE + 200)
    page.keyboard.press("s")
    expect(page.locator("#pending")).to_contain_text("Signed Moreau, Ines")
    ready(page)
    page.keyboard.press("z")
    expect(page.locator("main.review")).to_have_attribute("data-report", str(number))
    expect(page.locator("[data-panel] .progress b")).to_have_text("3")
    page.wait_for_timeout(6500)
    with engine.connect() as connection:
        assert connection.scalar(select(review.c.state)) == "claimed"
