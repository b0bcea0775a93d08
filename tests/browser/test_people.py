"""Logins said apart, the demo's four people, error pages that lead on, and what training shows after Sign."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine, func, update

from services.store.tables import account, login_session
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import problems, ready
from tests.browser.test_reviewing import decided

Seed = Callable[[Callable[[Connection], int]], int]


def enter(page: Page, worklist: Worklist, name: str) -> None:
    page.goto(f"{worklist.url}/login")
    page.get_by_role("button", name=f"Continue as {name}").click()
    page.wait_for_load_state()


def test_the_demo_has_people_for_claims_audit_and_roles(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> None:
    number = seed(seeding.put)
    ada, ben, otto, vera = (reviewer(login=False).page for _ in range(4))
    ada.goto(f"{worklist.url}/login")
    assert problems(ada) == []
    enter(ada, worklist, "Demo Reviewer")
    ada.goto(f"{worklist.url}/reports/{number}")
    ready(ada)
    enter(ben, worklist, "Demo Second Reader")
    ben.goto(f"{worklist.url}/reports/{number}")
    expect(ben.locator(".taken")).to_have_text("open by Demo Reviewer")
    ben.wait_for_load_state("load")
    ben.keyboard.press("c")
    expect(ben.get_by_text("Take over from Demo Reviewer?")).to_be_visible()
    ben.keyboard.press("c")
    expect(ada.locator("#toast")).to_contain_text("now open by Demo Second Reader")
    ada.wait_for_load_state("load")
    enter(otto, worklist, "Demo Operator")
    expect(otto.get_by_role("navigation", name="Pages").get_by_role("link", name="Messages")).to_be_visible()
    enter(vera, worklist, "Demo Auditor")
    vera.get_by_role("navigation", name="Pages").get_by_role("link", name="Audit").click()
    expect(vera.locator("main")).to_contain_text("review.take_over")


def test_a_session_that_ended_and_an_account_that_was_closed_are_said_apart(
    reviewer: OpenReviewer, engine: Engine, worklist: Worklist
) -> None:
    person = reviewer()
    page = person.page
    with engine.begin() as connection:
        connection.execute(update(login_session).values(ended_at=func.now()))
    page.goto(f"{worklist.url}/worklist")
    expect(page.get_by_role("alert")).to_have_text("Your session has ended. Your drafts are kept.")
    with engine.begin() as connection:
        connection.execute(update(account).values(active=False))
    page.goto(f"{worklist.url}/worklist")
    expect(page.get_by_role("alert")).to_contain_text("Your account was closed")
    page.get_by_role("button", name="Continue as Demo Reviewer").click()
    expect(page.get_by_role("heading", name="This account is closed. Ask an administrator.")).to_be_visible()
    # A page that closes may still have been asking for its feed as the session ended.
    person.forgive("403", "EventSource")


def test_an_error_keeps_the_navigation_and_names_what_fits(reviewer: OpenReviewer, worklist: Worklist) -> None:
    person = reviewer()
    page = person.page
    for path, told in {
        "/worklist?sort=size": "'urgent', 'oldest', 'newest', 'patient' or 'disagreement'",
        "/worklist?flag=red": "'critical', 'conflict'",
        "/reports/0": "There is no report of that number",
        "/people": "This page is for the role administrator",
        "/nowhere": "There is nothing at this address",
    }.items():
        page.goto(worklist.url + path)
        expect(page.get_by_role("heading", level=1)).to_contain_text(told)
        expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Worklist")).to_be_visible()
        assert problems(page) == [], path
    person.forgive("422", "404", "403")


def test_forced_colours_show_the_current_tab_and_what_is_marked(
    reviewer: OpenReviewer, seed: Seed, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.emulate_media(forced_colors="active")
    page.goto(f"{worklist.url}/worklist")
    expect(page.locator(".tabs a[aria-current]")).to_have_css("border-bottom-width", "4px")
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    page.keyboard.press("e")
    expect(page.locator(".sheet:visible")).to_have_css("border-top-width", "1px")


def test_a_screen_reader_hears_what_a_decision_came_to(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> None:
    first, second = seed(seeding.put), seed(seeding.put)
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{first}")
    ready(page)
    heard = page.locator("#heard")
    page.keyboard.press("a")
    expect(heard).to_have_text("Approved. Pleural effusion, present, right. 1 of 3 decided")
    for count in (2, 3):
        decided(page, count - 1)
        page.keyboard.press("a")
    decided(page, 3)
    page.keyboard.press("s")
    expect(page.locator("main.review")).to_have_attribute("data-report", str(second))
    expect(heard).to_contain_text("Moreau, Ines, XR CHEST 2 VIEWS")
