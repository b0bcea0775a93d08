"""The list in a real Chromium: it keeps its place, fits its window, and says what is new."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, Engine, update

from integration.canonical import Priority
from services.store import people
from services.store.tables import review
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.seeding import Exam

Seed = Callable[[Callable[[Connection], int]], int]
VISIBLE = (
    "[...document.querySelectorAll('[data-row]')].filter(row => row.getBoundingClientRect().bottom <= innerHeight)"
)


@pytest.fixture
def thirty(seed: Seed) -> list[int]:
    """Thirty reports with names and exams longer than their columns."""
    long = {"family": "Featherstonehaugh-Montgomery", "procedure": "CT CHEST ABDOMEN PELVIS WITH AND WITHOUT CONTRAST"}
    return [seed(partial(seeding.put, exam=Exam(**long))) for _ in range(30)]  # type: ignore[arg-type]


def test_it_shows_25_rows_and_never_overflows(reviewer: OpenReviewer, thirty: list[int]) -> None:
    page = reviewer().page
    page.reload()
    assert page.evaluate(f"{VISIBLE}.length") >= 25
    for width in (1920, 1280, 1024, 820, 420):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_a_row_is_opened_anywhere_and_the_list_stands_there_afterwards(
    reviewer: OpenReviewer, thirty: list[int]
) -> None:
    page = reviewer().page
    page.reload()
    row = page.locator("[data-row]").nth(20)
    number = row.get_attribute("data-row")
    row.locator(".c-exam").click()
    expect(page.locator("main.review")).to_have_attribute("data-report", str(number))
    page.wait_for_load_state("load")
    page.keyboard.press("l")
    expect(page.locator("[data-row].here")).to_have_attribute("data-row", str(number))
    expect(page.locator("[data-row].here a.open")).to_be_focused()


def test_somebody_in_the_list_is_told_what_is_new_and_nothing_moves(
    reviewer: OpenReviewer, seed: Seed, thirty: list[int]
) -> None:
    page = reviewer().page
    page.reload()
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    first = page.locator("[data-row]").first.get_attribute("data-row")
    stat = seed(partial(seeding.put, exam=Exam(priority=Priority.STAT)))
    expect(page.locator("[data-news]")).to_have_text("1 new · 1 STAT")
    assert page.locator("[data-row]").first.get_attribute("data-row") == first
    page.locator("[data-news] button").click()
    expect(page.locator("[data-row]").first).to_have_attribute("data-row", str(stat))


def test_an_open_report_says_that_somebody_took_it_over(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{number}")
    page.wait_for_load_state("load")
    expect(page.locator("body:not([data-busy])")).to_have_count(1)
    with engine.begin() as connection:
        ben = people.put_account(
            connection, site="default", issuer="urn:test", subject="ben", name="Dr Ben", roles=("signer",),
            practitioner="Practitioner/ben",
        ).person  # fmt: skip
        connection.execute(update(review).values(claimed_by=ben.id))
    seed(seeding.put)
    expect(page.locator("#toast")).to_contain_text("now open by Dr Ben")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".taken")).to_have_text("open by Dr Ben")
