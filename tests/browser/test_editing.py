"""Editing by one key: sides, statuses, another finding; undo of everything; keys that can do nothing say why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine, select

from services.store.tables import draft
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import problems, ready
from tests.browser.test_reviewing import decided
from tests.seeding import Exam

Seed = Callable[[Callable[[Connection], int]], int]


@pytest.fixture
def page(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> Page:
    """A report with three findings; pneumonia on the right is current."""
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    return page


def drafts(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        rows = connection.execute(select(draft.c.action, draft.c.value).order_by(draft.c.id)).all()
    return [(row.action, row.value.get("finding_id"), row.value.get("status"), row.value.get("side")) for row in rows]


@pytest.mark.parametrize(
    ("key", "status", "side"),
    [("1", "present", "left"), ("3", "present", "bilateral"), ("4", "present", None), ("U", "uncertain", "right"),
     ("A", "absent", "right")],
)  # fmt: skip
def test_a_side_or_a_status_is_one_key(page: Page, engine: Engine, key: str, status: str, side: str | None) -> None:
    page.keyboard.press(key)
    decided(page, 1)
    assert drafts(engine) == [("edit", "pneumonia", status, side)]
    expect(page.locator("#heard")).to_contain_text("Edited. Pleural effusion, present, right")


def test_what_a_finding_becomes_is_said_before_enter(page: Page, engine: Engine) -> None:
    page.keyboard.press("e")
    page.keyboard.press("f")
    page.keyboard.type("collapsed lung")
    becomes = page.locator('[data-sheet="edit"] [data-becomes]')
    expect(becomes).to_have_text("Becomes: Atelectasis · present · right")
    expect(page.get_by_role("option").first).to_have_text("Atelectasis – collapsed lung")
    assert problems(page) == []
    page.keyboard.press("Enter")
    decided(page, 1)
    assert drafts(engine) == [("edit", "atelectasis", "present", "right")]


def test_letters_and_digits_change_what_the_sheet_says(page: Page, engine: Engine) -> None:
    page.keyboard.press("j")
    decided(page, 0)
    page.keyboard.press("e")
    for key in ("u", "1"):
        page.keyboard.press(key)
    expect(page.locator('[data-sheet="edit"] [data-becomes]')).to_have_text(
        "Becomes: Pleural effusion · uncertain · left"
    )
    page.keyboard.press("Enter")
    decided(page, 1)
    assert drafts(engine) == [("edit", "pleural_effusion", "uncertain", "left")]


def test_a_finding_nobody_knows_is_not_sent(page: Page, engine: Engine) -> None:
    page.keyboard.press("n")
    page.keyboard.type("zzz")
    expect(page.locator('[data-sheet="add"] [data-becomes]')).to_have_text("No finding is called “zzz”.")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("choose one of the list")
    assert drafts(engine) == []


def test_the_list_of_findings_is_walked_with_the_arrows(page: Page, engine: Engine) -> None:
    page.keyboard.press("n")
    page.keyboard.type("pneumo")
    expect(page.get_by_role("option").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    wanted = page.locator('[role="option"][aria-selected="true"]').get_attribute("data-name")
    page.locator('[data-sheet="add"] [name="reason"]').check()
    expect(page.locator('[data-sheet="add"] [name="finding"]')).to_have_value(str(wanted))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".item.add .name")).to_have_text(str(wanted))


def test_undo_takes_back_the_last_decision_and_an_addition(page: Page, engine: Engine) -> None:
    page.keyboard.press("a")
    decided(page, 1)
    page.keyboard.press("u")
    decided(page, 0)
    expect(page.locator(".item.current .name")).to_have_text("Pneumonia")
    page.keyboard.press("n")
    page.keyboard.type("pneumothorax")
    page.locator('[data-sheet="add"] [name="reason"]').check()
    page.keyboard.press("Enter")
    expect(page.locator(".item.add.current .name")).to_have_text("Pneumothorax")
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("undo removes it")
    page.keyboard.press("u")
    expect(page.locator(".item.add")).to_have_count(0)
    assert drafts(engine) == []


def test_keys_that_can_do_nothing_say_why(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> None:
    number = seed(lambda c: seeding.put(c, Exam(says=(seeding.HEART,))))
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    for key, why in {
        "1": "Cardiomegaly has no side.",
        "4": "It says that already: no side.",
        "P": "It says that already: present.",
        "u": "Nothing is decided here yet.",
        "m": "Only a signed report can be amended.",
        "z": "No signature of yours",
        "c": "open by you already",
        "j": "This is the last finding.",
    }.items():
        page.keyboard.press(key)
        expect(page.locator("#toast")).to_contain_text(why)
    page.keyboard.press("A")
    decided(page, 1)
    page.keyboard.press("P")
    expect(page.locator("#toast")).to_contain_text("That is what is suggested: approve it.")


def test_the_focus_is_never_lost(page: Page) -> None:
    page.locator('.item.current [data-command="approve"]').focus()
    page.keyboard.press("Enter")
    decided(page, 1)
    expect(page.locator(".item.current button.line")).to_be_focused()
    page.locator('[data-command="skip"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing waits")).to_have_count(0)
