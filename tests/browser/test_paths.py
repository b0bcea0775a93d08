"""Every page by keyboard alone and as a screen reader hears it; nothing moves once it is there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine

from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import HARD, PAGES, ready, sign_in
from tests.seeding import Exam

Seed = Callable[[Callable[[Connection], int]], int]
EVERY = (
    *PAGES, "/worklist?show=all", "/evaluation", "/feeds", "/quarantine", "/trace", "/trace?id=report/1",
    "/audit/verify",
)  # fmt: skip
# What Tab must reach: of a group of radio buttons the chosen one, else the first (ARIA Authoring Practices).
REACHABLE = """() => {
  const all = wanted => [...document.querySelectorAll(wanted)];
  const group = each => all(`input[type=radio][name="${each.name}"]`).filter(one => one.form === each.form);
  const found = all("a[href], button, input, select, textarea, summary, [tabindex='0']")
    .filter(each => !each.disabled && each.type !== "hidden" && each.checkVisibility())
    .filter(each => each.type !== "radio" || each === (group(each).find(one => one.checked) || group(each)[0]));
  found.forEach((each, at) => { each.dataset.tab = at; });
  window.reached = {};
  document.addEventListener("focusin", event => {
    const { outlineStyle, outlineWidth } = getComputedStyle(event.target);
    window.reached[event.target.dataset.tab] = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  document.activeElement.blur();
  // The parts of a date, and its calendar, are stops of their own.
  return found.length + 7 * found.filter(each => (each.type || "").startsWith("date")).length;
}"""
MISSED = """() => [...document.querySelectorAll("[data-tab]")].filter(each => !window.reached[each.dataset.tab])
  .map(each => (each.dataset.tab in window.reached ? "not marked: " : "not reached: ") + each.outerHTML.slice(0, 90))"""
NAMED = ("link", "button", "textbox", "searchbox", "combobox", "checkbox", "radio", "table", "region", "dialog", "img")
SHIFTS = """
window.shifted = [];
new PerformanceObserver(list => list.getEntries().forEach(each => window.shifted.push(
  `${each.value.toFixed(4)} ${each.sources.map(one => one.node?.outerHTML?.slice(0, 60)).join()}`,
))).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def page(reviewer: OpenReviewer, seed: Seed, engine: Engine) -> Page:
    """Somebody with every role; three reports wait."""
    for exam in (HARD, Exam(), Exam(text=seeding.NORMAL, says=())):
        seed(lambda c, exam=exam: seeding.put(c, exam))  # type: ignore[misc]
    return sign_in(reviewer, engine, 1440, 900)


def nameless(heard: str) -> list[str]:
    """Lines of an aria snapshot with a role that needs a name and has none."""
    return [line for line in heard.splitlines() if re.match(rf"\s*- '?({'|'.join(NAMED)})(:|\s*$| \[)", line)]


def heard_wrong(page: Page) -> list[str]:
    """What a screen reader would miss: names of controls, landmarks, the one heading of the first level."""
    heard = page.locator("body").aria_snapshot()
    found = {
        "main": heard.count("- main"),
        "banner": heard.count("- banner"),
        "pages": heard.count('- navigation "Pages"'),
        "h1": len(re.findall(r"- '?heading .*\[level=1\]", heard)),
    }
    return [*nameless(heard), *(f"{count} {what}" for what, count in found.items() if count != 1)]


def tab_missed(page: Page) -> list[str]:
    """Controls that Tab does not reach, or on which nothing shows that it did."""
    for _ in range(page.evaluate(REACHABLE) + 3):
        page.keyboard.press("Tab")
    missed: list[str] = page.evaluate(MISSED)
    return missed


@pytest.mark.timeout(900)
def test_each_page_is_heard_reached_by_tab_and_does_not_move(page: Page, worklist: Worklist) -> None:
    page.add_init_script(SHIFTS)
    wrong: dict[str, list[str]] = {}
    titles = {}
    for path in EVERY:
        found = wrong[path] = []
        for width in (420, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(worklist.url + path)
            page.wait_for_load_state("load")
            found += page.evaluate("window.shifted")
        titles[path.partition("?")[0]] = page.title()
        found += [*heard_wrong(page), *tab_missed(page)]
    assert {path: each for path, each in wrong.items() if each} == {}
    assert len(set(titles.values())) == len(titles)


def test_a_report_is_reviewed_by_what_a_screen_reader_says(page: Page, worklist: Worklist) -> None:
    page.goto(f"{worklist.url}/worklist")
    table = page.get_by_role("table", name="Reports, todo, sorted by urgent")
    table.get_by_role("link", name="Moreau, Ines").nth(1).press("Enter")
    ready(page)
    status = page.get_by_role("status").filter(has_text="decided")
    expect(page.get_by_role("region", name="Report text")).to_contain_text("small right pleural effusion")
    findings = page.get_by_role("region", name="Findings")
    for count, said in enumerate(("Pneumonia", "Pleural effusion", "Cardiomegaly"), start=1):
        expect(findings.get_by_role("button", name=re.compile(f"^{said}.*undecided"), expanded=True)).to_be_visible()
        findings.get_by_role("button", name=re.compile("^Approve")).press("Enter")
        expect(status).to_contain_text(f"{count} of 3 decided")
    findings.get_by_role("button", name=re.compile("^Sign")).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.locator("main.review")).not_to_have_attribute("data-report", "2")
