"""Who was told of a critical result, by keyboard: before Sign, and what Sign says where nobody was."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import Connection

from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import problems, ready
from tests.browser.test_reviewing import decided
from tests.integration.web.test_telling import EXAM

Seed = Callable[[Callable[[Connection], int]], int]


def test_sign_asks_who_was_told_and_a_key_says_it(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> None:
    number = seed(lambda c: seeding.put(c, EXAM))
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    page.keyboard.press("a")
    decided(page, 1)
    page.keyboard.press("s")
    expect(page.locator('[data-command="sign"]')).to_contain_text("Sign all the same")
    expect(page.locator(".contradiction")).to_contain_text("Nobody is said to have been told")
    page.keyboard.press("w")
    page.keyboard.type("Sister Ann, ward 3")
    page.get_by_label("by telephone").focus()
    page.keyboard.press("1")
    page.get_by_label("They read it back").check()
    assert problems(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_contain_text("Told: Sister Ann, ward 3,")
    expect(page.locator(".told")).to_contain_text("by telephone, read back")
    expect(page.locator(".contradiction")).to_have_count(0)
    page.keyboard.press("s")
    expect(page.get_by_text("Nothing waits for a signature.")).to_be_visible()
