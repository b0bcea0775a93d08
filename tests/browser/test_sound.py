"""A new STAT report is seen and, where that was asked for, heard; also over an open report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from playwright.sync_api import Page, expect
from sqlalchemy import Connection

from integration.canonical import Priority
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import ready
from tests.seeding import Exam

Seed = Callable[[Callable[[Connection], int]], int]
# What was played to its end, counted on the page.
COUNT = "document.addEventListener('sounded', () => { document.body.dataset.sounded = 'yes'; })"


def new_stat(seed: Seed) -> int:
    return seed(partial(seeding.put, exam=Exam(priority=Priority.STAT)))


def listening(page: Page, address: str) -> None:
    """The page has been touched, as browsers ask, and knows how many STAT reports wait."""
    page.goto(address)
    ready(page)
    page.evaluate(COUNT)
    page.keyboard.press("Shift")
    page.wait_for_timeout(1500)


def test_a_new_stat_sounds_for_who_asked_for_it_and_shows_over_an_open_report(
    reviewer: OpenReviewer, seed: Seed, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    listening(page, f"{worklist.url}/reports/{number}")
    new_stat(seed)
    expect(page.locator("[data-news]")).to_have_text("1 new STAT")
    assert page.title().startswith("(1 STAT) ")
    assert page.locator("body").get_attribute("data-sounded") is None
    page.goto(f"{worklist.url}/preferences")
    page.get_by_label("Sound for a new STAT report").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    listening(page, f"{worklist.url}/reports/{number}")
    stat = new_stat(seed)
    expect(page.locator("body")).to_have_attribute("data-sounded", "yes")
    new_stat(seed)
    expect(page.locator("[data-news]")).to_have_text("2 new STAT")
    page.get_by_role("button", name="2 new STAT").click()
    expect(page.locator(f'[data-row="{stat}"]')).to_be_visible()
    assert page.title() == "Worklist · Countersign"
