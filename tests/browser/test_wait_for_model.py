"""Sign that waits for a model: shut, with the reason in words, until the wait is over; then offered again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, Engine, func, select

from services.store.tables import audit
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import ready
from tests.seeding import Exam

Seed = Callable[[Callable[[Connection], int]], int]
FIFTEEN_SECONDS = {"COUNTERSIGN_READING__WAIT_FOR_MODEL": "0.25"}


@pytest.mark.parametrize("worklist", [FIFTEEN_SECONDS], indirect=True)
def test_the_page_says_that_sign_waits_and_when_it_does_no_more(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    with engine.connect() as connection:
        before = connection.scalar(select(func.coalesce(func.max(audit.c.id), 0)))
    signatures = select(audit.c.detail).where(audit.c.action == "review.sign", audit.c.id > before)
    page = reviewer().page
    seed(partial(seeding.put, exam=Exam(text=seeding.NORMAL, says=(), reading_state="pending")))
    page.goto(f"{worklist.url}/reports/1")
    sign = page.locator("[data-command=sign]")
    expect(page.get_by_text("Sign waits for the model")).to_be_visible()
    expect(sign).to_be_disabled()
    again = page.get_by_role("button", name="Look again")
    expect(again).to_be_visible(timeout=60_000)
    again.click()
    expect(sign).to_be_enabled()
    ready(page)
    sign.click()
    expect(page.locator("[data-command=sign].armed")).to_have_count(1)
    sign.click()
    # A browser that is closed while it swaps in the next page may never close.
    expect(page.get_by_text("Nothing waits for a signature.")).to_be_visible()
    with engine.connect() as connection:
        for _ in range(100):
            found = connection.execute(signatures).scalars().all()
            connection.rollback()
            if found:
                break
            page.wait_for_timeout(100)
    assert [row["acknowledged"] for row in found] == [["not_read:pending", "nothing_to_report"]]
