"""The whole path: a message over MLLP, a radiologist at the screen, final Observations on the FHIR server."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.store import progress
from tests.browser.test_looks import ready
from tests.messages import diagnostic_report, oru
from tests.system import System, eventually, running_system


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system, as `countersign up` starts it."""
    with running_system(tmp_path_factory.mktemp("spine") / "data") as running:
        yield running


@pytest.fixture
def page(system: System, browser: Browser) -> Iterator[Page]:
    """The demo reviewer's browser, logged in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{system.instance.ports['http']}/login")
    page.get_by_role("button", name="Continue as Demo Reviewer").click()
    yield page
    context.close()


def send(system: System, body: bytes) -> None:
    """Sends from a thread of its own: Playwright's own event loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        (answer,) = pool.submit(lambda: asyncio.run(system.send(body))).result()
    assert answer.code == "AA"


def open_report(page: Page, system: System, accession: str) -> None:
    page.goto(f"http://127.0.0.1:{system.instance.ports['http']}/worklist?q={accession}")
    page.locator("a[href^='/reports/']").first.click()
    expect(page.locator("main.review")).to_be_visible()
    ready(page)


def sign(page: Page) -> None:
    """Once the report has stood on the screen for as long as the site asks; what it warns of takes a second key."""
    expect(page.locator("body:not([data-settling])")).to_have_count(1)
    warned = page.locator('[data-command="sign"][data-confirm]').count()
    page.keyboard.press("s")
    if warned:
        page.keyboard.press("s")


def signed(system: System, row: Any, task: str = "completed") -> dict[str, str]:
    """Waits until the FHIR server shows the signature; status of each Observation by finding."""
    eventually(lambda: system.task(row)["status"] == task, 60, f"Task {task}")
    return {found["code"]["text"]: found["status"] for found in system.observations(row.identifiers)}


def test_what_a_radiologist_approves_becomes_final_and_what_they_reject_an_error(page: Page, system: System) -> None:
    send(system, oru("BR1", "There is a left pneumothorax.", "Small right pleural effusion."))
    row = system.delivered("BR1")
    assert len(row.identifiers) == 2
    open_report(page, system, "BR1")
    expect(page.locator("mark").first).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("[data-panel] .progress b")).to_have_text("1")
    page.keyboard.press("r")
    page.keyboard.press("1")
    expect(page.locator("[data-panel] .progress b")).to_have_text("2")
    assert {o["status"] for o in system.observations(row.identifiers)} == {"preliminary"}
    sign(page)
    statuses = signed(system, row)
    assert sorted(statuses.values()) == ["entered-in-error", "final"]
    task = system.task(row)
    outcomes = sorted(output["type"]["coding"][0]["code"] for output in task["output"])
    assert outcomes == ["outcome-approved", "outcome-rejected"]
    assert "demo-reviewer" in str(task["owner"])


def test_the_ai_label_and_the_device_stay_after_approval(page: Page, system: System) -> None:
    send(system, oru("BR2"))
    row = system.delivered("BR2")
    open_report(page, system, "BR2")
    page.keyboard.press("a")
    expect(page.locator("[data-panel] .progress b")).to_have_text("1")
    sign(page)
    signed(system, row)
    (observation,) = system.observations(row.identifiers)
    assert observation["meta"]["security"][0]["code"] == "AIAST"
    assert observation["device"] and observation["performer"]


def test_a_report_with_nothing_suggested_is_signed_too(page: Page, system: System) -> None:
    send(system, oru("BR3", "Findings: ___"))
    row = system.delivered("BR3")
    open_report(page, system, "BR3")
    sign(page)
    assert signed(system, row) == {}


def test_a_report_of_the_fhir_server_is_signed_the_same_way(page: Page, system: System) -> None:
    system.create(diagnostic_report("BR4"))
    row = system.delivered("BR4")
    open_report(page, system, "BR4")
    page.keyboard.press("a")
    expect(page.locator("[data-panel] .progress b")).to_have_text("1")
    sign(page)
    assert signed(system, row) == {"Pleural effusion": "final"}


def test_after_all_this_every_report_has_one_task_and_nothing_was_read_twice(system: System) -> None:
    with system.database() as connection:
        rows = progress.reports(connection)
    tasks = system.everything("Task")
    assert len(tasks) == len(rows)
    assert len({task["identifier"][0]["value"] for task in tasks}) == len(tasks)
