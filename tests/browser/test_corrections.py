"""A corrected report on the screen: what changed finding by finding, and one key for all that agree."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import Connection, Engine

from integration.canonical import Side
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import problems, ready
from tests.browser.test_reviewing import decided
from tests.seeding import HEART, PNEUMONIA, Exam, Said

Seed = Callable[[Callable[[Connection], int]], int]
LEFT = seeding.CHEST.replace("Small right pleural effusion.", "Small left pleural effusion.")


def test_after_a_correction_one_key_accepts_all_that_agree(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    for count in (1, 2, 3):
        page.keyboard.press("a")
        decided(page, count)
    says = (PNEUMONIA, Said("pleural_effusion", "Small left pleural effusion", side=Side.LEFT), HEART)
    with engine.begin() as connection:
        seeding.correct(connection, number, Exam(text=LEFT, says=says))
    page.reload()
    ready(page)
    changed = page.locator(".corrected tbody tr")
    expect(changed).to_have_count(3)
    expect(changed.nth(0)).to_contain_text("approved by Demo Reviewer: kept, the corrected report says the same")
    expect(changed.nth(1)).to_contain_text("dropped, it now says left")
    assert problems(page) == []
    page.keyboard.press("g")
    expect(page.locator("#heard")).to_contain_text("Accepted 2")
    decided(page, 2)
    page.keyboard.press("a")
    decided(page, 3)
    page.keyboard.press("s")
    expect(page.get_by_text("Nothing waits for a signature.")).to_be_visible()
