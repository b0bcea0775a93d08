"""What everybody can see and use: axe in both themes, narrow screens, forced colours, paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine, update

from integration.canonical import Priority, Side
from services.store.tables import account
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.seeding import Exam, Said

Seed = Callable[[Callable[[Connection], int]], int]
PAGES = (
    "/worklist",
    "/worklist?patient=P7%5ENORTH",
    "/reports/1",
    "/reports/1/print",
    "/second",
    "/bulk?finding=pneumonia",
    "/launch/unknown",
    "/charts",
    "/messages",
    "/jobs",
    "/audit",
    "/people",
    "/preferences",
)
HARD = Exam(
    priority=Priority.STAT,
    text=seeding.CHEST.replace("There is no pneumothorax", "There is a left pneumothorax"),
    says=(
        Said("pneumothorax", "left pneumothorax", side=Side.LEFT, rationale="Stated in the findings."),
        Said("cardiomegaly", "Mild cardiomegaly", conflict=True),
        Said("lung_mass", "", unsupported=True),
    ),
    advisories=({"kind": "critical_result", "message": "Not said to be communicated.", "quotes": [], "detail": {}},),
    flagged=("Cough and fever",),
)


def sign_in(reviewer: OpenReviewer, engine: Engine, width: int = 1440, height: int = 2400) -> Page:
    """A reviewer with every role, so that every page can be looked at."""
    page = reviewer(width, height).page
    everything = ["reviewer", "signer", "operator", "auditor", "administrator"]
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=everything))
    return page


def ready(page: Page) -> None:
    """The keys work once the scripts have run and the server knows that the report is on the screen."""
    page.wait_for_load_state("load")
    expect(page.locator("body:not([data-busy]):not([data-opening])")).to_have_count(1)
    # Nobody reads faster; a key inside this moment may be taken for the report before, and is then ignored.
    page.wait_for_timeout(150)


def problems(page: Page) -> list[str]:
    """axe's violations and what it could not decide."""
    found = Axe().run(page).response
    return [
        f"{kind} {each['id']}: {node['html'][:120]} {node['any'][0]['message'] if node['any'] else ''} {node['target']}"
        for kind in ("violations", "incomplete")
        for each in found[kind]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_and_leaves_nothing_open(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist, theme: str
) -> None:
    for exam in (HARD, Exam(), Exam(text=seeding.NORMAL, says=())):
        seed(lambda c, exam=exam: seeding.put(c, exam))
    page = sign_in(reviewer, engine)
    page.goto(f"{worklist.url}/preferences")
    page.get_by_label(theme, exact=True).check()
    page.get_by_role("button", name="Save").click()
    found = {}
    for path in PAGES:
        page.goto(worklist.url + path)
        found[path] = problems(page)
    page.goto(f"{worklist.url}/reports/1")
    page.keyboard.press("r")
    found["reject"] = problems(page)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    found["edit"] = problems(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found["keys"] = problems(page)
    assert [text for each in found.values() for text in each] == []


def test_nothing_overflows_a_telephone(reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist) -> None:
    seed(lambda c: seeding.put(c, HARD))
    page = sign_in(reviewer, engine, 420, 900)
    wide = {}
    for path in PAGES:
        page.goto(worklist.url + path)
        wide[path] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == dict.fromkeys(PAGES, 0)
    page.goto(f"{worklist.url}/reports/1")
    expect(page.locator("mark.here")).to_be_attached()
    expect(page.locator(".patient h1")).to_be_in_viewport()


def test_critical_conflicting_and_unsupported_are_told_in_words(reviewer: OpenReviewer, seed: Seed) -> None:
    number = seed(lambda c: seeding.put(c, HARD))
    page = reviewer().page
    page.goto(page.url.replace("/worklist", f"/reports/{number}"))
    for colours in ("none", "active"):
        page.emulate_media(forced_colors=colours)
        for words in ("critical", "≠ rules: absent", "quote missing", "✓ in the report"):
            expect(page.locator(".items").get_by_text(words).first).to_be_visible()
    expect(page.locator(".item.current")).to_have_css("border-left-width", "5px")
    expect(page.locator("mark.here")).to_have_css("outline-width", "3px")


def test_the_page_does_not_shift_as_findings_are_decided(reviewer: OpenReviewer, seed: Seed) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(page.url.replace("/worklist", f"/reports/{number}"))
    before = [page.locator(part).bounding_box() for part in ("#report", "#panel", ".patient")]
    ready(page)
    page.keyboard.press("a")
    expect(page.locator("[data-panel] .progress b")).to_have_text("1")
    assert [page.locator(part).bounding_box() for part in ("#report", "#panel", ".patient")] == before


def test_paper_shows_the_report_and_its_decisions_without_buttons(
    reviewer: OpenReviewer, seed: Seed, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{number}/print")
    page.emulate_media(media="print")
    expect(page.get_by_text("Right lower lobe pneumonia").first).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    assert page.pdf()[:4] == b"%PDF"


def test_keys_can_be_changed_and_switched_off(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(f"{worklist.url}/preferences")
    page.get_by_label("Approve", exact=True).fill("y")
    page.get_by_role("button", name="Save").click()
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    page.keyboard.press("y")
    expect(page.locator("[data-panel] .progress b")).to_have_text("1")
    page.goto(f"{worklist.url}/preferences")
    page.get_by_label("No single-key commands").check()
    page.get_by_role("button", name="Save").click()
    page.goto(f"{worklist.url}/reports/{number}")
    page.keyboard.press("y")
    expect(page.locator("main kbd:visible")).to_have_count(0)
    expect(page.locator("[data-panel] .progress b")).to_have_text("1")
