"""A radiologist at the keyboard, in a real Chromium, against a real worklist and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, Engine, func, select, update

from services.store import people, second_readings
from services.store.tables import account, draft, login_session, review, suggestion
from tests import seeding
from tests.browser.conftest import OpenReviewer, Worklist
from tests.browser.test_looks import problems, ready
from tests.seeding import Exam, Said

# What Chromium and htmx say of a server that is away, and of a request that was refused.
AWAY = ("net::ERR_", "htmx:sendError", "htmx:afterRequest", "undefined")
REFUSED = ("Response Status Error",)
Seed = Callable[[Callable[[Connection], int]], int]


def decided(page: Page, count: int) -> None:
    expect(page.locator("[data-panel] .progress b")).to_have_text(str(count))
    # Keys pressed while a decision is on its way do nothing.
    expect(page.locator("body:not([data-busy])")).to_have_count(1)


def report(page: Page, number: int) -> None:
    expect(page.locator("main.review")).to_have_attribute("data-report", str(number))
    ready(page)


def count(engine: Engine, *where: object) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]


def test_ten_reports_are_signed_by_keyboard_alone(reviewer: OpenReviewer, seed: Seed, engine: Engine) -> None:
    numbers = [seed(seeding.put) for _ in range(10)]
    page = reviewer().page
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for number in numbers:
        report(page, number)
        page.keyboard.press("a")
        decided(page, 1)
        page.keyboard.press("r")
        page.keyboard.press("4")
        decided(page, 2)
        page.keyboard.press("a")
        decided(page, 3)
        page.keyboard.press("s")
    expect(page.get_by_text("Nothing waits for a signature.")).to_be_visible()
    assert count(engine, review.c.state == "signed") == 10
    assert count(engine, suggestion.c.state == "approved") == 20
    assert count(engine, suggestion.c.state == "rejected", suggestion.c.reason == "hedged") == 10


def test_a_key_held_down_decides_one_finding(reviewer: OpenReviewer, seed: Seed, engine: Engine) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(page.url.replace("/worklist", f"/reports/{number}"))
    ready(page)
    for _ in range(20):
        page.keyboard.down("a")
        page.wait_for_timeout(50)
    page.keyboard.up("a")
    decided(page, 1)
    assert count(engine, draft.c.action == "approve") == 1


def test_a_sign_key_held_down_signs_one_report(reviewer: OpenReviewer, seed: Seed, engine: Engine) -> None:
    for _ in range(3):
        seed(lambda c: seeding.put(c, Exam(text=seeding.NORMAL, says=())))
    page = reviewer().page
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    report(page, 1)
    for _ in range(15):
        page.keyboard.down("s")
        page.wait_for_timeout(50)
    page.keyboard.up("s")
    report(page, 2)
    assert count(engine, review.c.state == "signed") == 1


def test_the_evidence_of_the_current_finding_is_marked_and_on_screen(reviewer: OpenReviewer, seed: Seed) -> None:
    long = seeding.CHEST.replace("IMPRESSION:", "\n".join(["The remainder is unremarkable."] * 60) + "\nIMPRESSION:")
    number = seed(lambda c: seeding.put(c, Exam(text=long, reasoning="First the lungs.")))
    page = reviewer().page
    page.goto(page.url.replace("/worklist", f"/reports/{number}"))
    ready(page)
    expect(page.locator("mark.here")).to_have_text("Right lower lobe pneumonia")
    expect(page.locator("mark.here")).to_be_in_viewport()
    page.keyboard.press("j")
    expect(page.locator("mark.here")).to_have_text("Small right pleural effusion")
    expect(page.get_by_text("First the lungs.")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.get_by_text("First the lungs.")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("#toast")).to_have_text("3 of 3 findings are undecided.")


def test_against_the_rules_it_takes_a_second_keystroke(reviewer: OpenReviewer, seed: Seed) -> None:
    says = (Said("cardiomegaly", "Mild cardiomegaly", conflict=True),)
    number = seed(lambda c: seeding.put(c, Exam(says=says)))
    page = reviewer().page
    page.goto(page.url.replace("/worklist", f"/reports/{number}"))
    ready(page)
    page.keyboard.press("a")
    expect(page.get_by_text("Approve again to confirm")).to_be_visible()
    decided(page, 0)
    page.keyboard.press("a")
    decided(page, 1)


def test_a_finding_the_model_missed_is_added_with_its_evidence(
    reviewer: OpenReviewer, seed: Seed, engine: Engine
) -> None:
    number = seed(seeding.put)
    page = reviewer().page
    page.goto(page.url.replace("/worklist", f"/reports/{number}"))
    ready(page)
    page.get_by_text("The heart is mildly enlarged").dblclick(position={"x": 60, "y": 10})
    page.keyboard.press("n")
    page.locator('[data-sheet="add"] [name="finding"]').fill("Lung opacity")
    expect(page.locator('[data-sheet="add"] [data-evidence]')).to_contain_text("Evidence:")
    page.keyboard.press("Enter")
    expect(page.get_by_text("added by Demo Reviewer")).to_be_visible()
    with engine.connect() as connection:
        value = connection.execute(select(draft.c.value).where(draft.c.action == "add")).scalar_one()
    [quote] = value["quotes"]
    assert seeding.CHEST[quote["start"] : quote["end"]] == quote["text"] != ""


def test_two_reviewers_never_sign_the_same_report_twice(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(lambda c: seeding.put(c, Exam(text=seeding.NORMAL, says=())))
    ada, ben = reviewer(), reviewer()
    as_another(engine, ben.page, worklist)
    ada.page.goto(f"{worklist.url}/reports/{number}")
    ready(ada.page)
    ben.page.goto(f"{worklist.url}/reports/{number}")
    expect(ben.page.locator(".taken")).to_have_text("open by Demo Reviewer")
    ben.page.keyboard.press("s")
    expect(ben.page.locator("#toast")).to_contain_text("open by Demo Reviewer")
    ben.page.keyboard.press("c")
    expect(ben.page.get_by_text("Take over from Demo Reviewer?")).to_be_visible()
    ben.page.keyboard.press("c")
    expect(ben.page.locator('[data-command="sign"]')).to_be_enabled()
    ready(ben.page)
    ada.page.keyboard.press("s")
    expect(ada.page.locator("#toast")).to_contain_text("now open by Second Reviewer")
    ben.page.keyboard.press("s")
    expect(ben.page.get_by_text("Nothing waits for a signature.")).to_be_visible()
    ada.forgive("409", *REFUSED)
    with engine.connect() as connection:
        row = connection.execute(
            select(account.c.name, review.c.revision).join(review, review.c.signed_by == account.c.id)
        ).one()
    assert row.name == "Second Reviewer"


@pytest.mark.parametrize("worklist", [{"COUNTERSIGN_WORKLIST__DOUBLE_READ_SHARE": "1"}], indirect=True)
def test_a_second_reader_answers_by_digits_and_sees_neither_word(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(lambda c: seeding.put(c, Exam(says=(seeding.HEART,))))
    ada, ben = reviewer().page, reviewer().page
    ada.goto(f"{worklist.url}/reports/{number}")
    report(ada, number)
    ada.keyboard.press("a")
    decided(ada, 1)
    ada.keyboard.press("s")
    expect(ada.get_by_text("Nothing waits for a signature.")).to_be_visible()
    as_another(engine, ben, worklist)
    ben.get_by_role("link", name="Second readings").click()
    ben.get_by_role("button", name="Moreau").click()
    expect(ben.locator("main.second .text")).to_contain_text("Mild cardiomegaly")
    expect(ben.locator("main.second mark")).to_have_count(0)
    ben.wait_for_load_state("load")
    assert problems(ben) == []
    ben.keyboard.press("3")
    expect(ben.locator("[data-panel] .progress b")).to_have_text("1")
    ben.keyboard.press("s")
    expect(ben.get_by_text("No report waits for a second reading of yours.")).to_be_visible()
    with engine.connect() as connection:
        [pair] = second_readings.pairs(connection, "default")
    assert (pair.finding_id, pair.first, pair.second) == ("cardiomegaly", "present", "uncertain")


def as_another(engine: Engine, page: Page, worklist: Worklist) -> None:
    """Gives a browser the session of a second person."""
    with engine.begin() as connection:
        second = people.put_account(
            connection, site="default", issuer="urn:test", subject="second", name="Second Reviewer",
            roles=("reviewer", "signer"), practitioner="Practitioner/second",
        )  # fmt: skip
        token, _ = people.start_session(connection, second.id)
    page.context.add_cookies([{"name": "countersign", "value": token, "url": worklist.url}])
    page.goto(f"{worklist.url}/worklist")


@pytest.mark.parametrize("worklist", [{}], indirect=True)
def test_a_server_restart_in_mid_review_loses_nothing(reviewer: OpenReviewer, seed: Seed, worklist: Worklist) -> None:
    number = seed(seeding.put)
    person = reviewer()
    page = person.page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    page.keyboard.press("a")
    decided(page, 1)
    worklist.stop()
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("Your decision waits here")
    worklist.start()
    decided(page, 2)
    expect(page.locator("#toast")).to_be_hidden()
    person.forgive(*AWAY)


def test_a_decision_made_without_a_network_is_sent_when_it_is_back(
    reviewer: OpenReviewer, seed: Seed, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    person = reviewer()
    page = person.page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    page.context.set_offline(True)
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("Your decision waits here")
    page.context.set_offline(False)
    decided(page, 1)
    person.forgive(*AWAY)


def test_a_session_that_ends_keeps_drafts_and_the_decision_under_way(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    person = reviewer()
    page = person.page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    page.keyboard.press("a")
    decided(page, 1)
    with engine.begin() as connection:
        connection.execute(update(login_session).values(ended_at=func.now()))
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("Your drafts are kept")
    with page.expect_popup() as popup:
        page.locator("#toast").get_by_role("link", name="Log in").click()
    popup.value.get_by_role("button", name="Continue as Demo Reviewer").click()
    expect(popup.value.get_by_role("heading", name="You are logged in")).to_be_visible()
    popup.value.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    decided(page, 2)
    person.forgive("401", "EventSource", *REFUSED)


def test_a_stale_decision_is_kept_and_can_be_sent_again(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    number = seed(seeding.put)
    person = reviewer()
    page = person.page
    page.goto(f"{worklist.url}/reports/{number}")
    ready(page)
    expect(page.locator("main.review")).to_be_visible()
    with engine.begin() as connection:
        connection.execute(update(review).values(revision=review.c.revision + 1))
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("This report changed")
    page.get_by_role("button", name="Look again").click()
    page.get_by_role("button", name="Send it again").click()
    decided(page, 1)
    person.forgive("409", *REFUSED)


@pytest.mark.parametrize("worklist", [{"COUNTERSIGN_WORKLIST__SESSION_IDLE": "8"}], indirect=True)
def test_a_session_about_to_end_asks_first(reviewer: OpenReviewer) -> None:
    page = reviewer().page
    expect(page.get_by_role("dialog")).to_contain_text("Your session is about to end", timeout=15_000)
    page.get_by_role("button", name="Stay logged in").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
