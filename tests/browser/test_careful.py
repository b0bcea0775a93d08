"""A careful user over mixed reports: a key a finding, a key a report. CAREFUL_REPORTS=200: the full run."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine, func, select

from services.store.tables import review
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import ready
from tests.browser.test_reviewing import decided
from tests.seeding import EFFUSION, HEART, PNEUMONIA, Exam

Seed = Callable[[Callable[[Connection], int]], int]
REPORTS = int(os.environ.get("CAREFUL_REPORTS", "8"))
LONG = seeding.CHEST.replace("IMPRESSION:", "\n".join(["The remainder is unremarkable."] * 40) + "\nIMPRESSION:")
MIXED = (
    Exam(),
    Exam(text=seeding.NORMAL, says=()),
    Exam(says=(HEART,)),
    Exam(text=LONG, says=(PNEUMONIA, EFFUSION)),
)


def review_one(page: Page, exam: Exam) -> int:
    """Decides every finding by a key of its own and signs; how many keys that took."""
    for count in range(1, len(exam.says) + 1):
        page.keyboard.press("a")
        decided(page, count)
    if not exam.says:
        expect(page.locator('[data-command="sign"]')).to_contain_text("I read it: nothing to report")
    # A careful user waits until Sign is armed; the hurried one has a test of his own.
    expect(page.locator('[data-command="sign"]')).to_be_enabled()
    page.keyboard.press("s")
    return len(exam.says) + 1


@pytest.mark.timeout(120 + 20 * REPORTS)
def test_one_key_a_finding_and_one_a_report(
    reviewer: OpenReviewer,
    seed: Seed,
    engine: Engine,
    worklist: Worklist,
    record_property: Callable[[str, object], None],
) -> None:
    exams = [MIXED[number % len(MIXED)] for number in range(REPORTS)]
    numbers = [seed(partial(seeding.put, exam=exam)) for exam in exams]
    page = reviewer().page
    page.goto(f"{worklist.url}/reports/{numbers[0]}")
    taken, keys = [], 0
    for number, exam in zip(numbers, exams, strict=True):
        expect(page.locator("main.review")).to_have_attribute("data-report", str(number))
        ready(page)
        began = time.perf_counter()
        keys += review_one(page, exam)
        taken.append(time.perf_counter() - began)
    expect(page.get_by_text("Nothing waits for a signature.")).to_be_visible()
    assert keys == sum(len(exam.says) for exam in exams) + REPORTS
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(review.c.state == "signed")) == REPORTS
    record_property("median seconds of interface for 10 reports", 10 * statistics.median(taken))
    print(f"{REPORTS} reports, {keys} keys, {10 * statistics.median(taken):.1f} s of interface for 10 reports (median)")
