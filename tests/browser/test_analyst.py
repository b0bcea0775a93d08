"""A new analyst's script: why had a message no suggestions, mend the map, read forty again, show one's path."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from integration.hl7v2.senders import load_senders
from tests.browser.conftest import OpenReviewer
from tests.integration.workflow.test_intake import store, work
from tests.messages import oru

FOLDER = Path(tempfile.gettempdir()) / "countersign-analyst"
SETTINGS = {"COUNTERSIGN_CONFIG_DIR": str(FOLDER)}
FILE = FOLDER / "senders.yaml"
MOST = 25


@pytest.mark.parametrize("worklist", [SETTINGS], indirect=True)
def test_forty_messages_are_found_mended_read_again_and_shown(reviewer: OpenReviewer, engine: Engine) -> None:
    FOLDER.mkdir(exist_ok=True)
    FILE.write_text("senders: []\n")
    bodies = [oru(f"S{number}", control_id=f"CT{number}", status="ZZ") for number in range(40)]
    with ThreadPoolExecutor(1) as elsewhere:  # the browser's event loop runs in this thread
        elsewhere.submit(store, engine, *bodies).result()
    work(engine)
    page, done = reviewer().page, 0

    # Why had CT17 no suggestions?
    page.get_by_role("link", name="Messages").click()
    page.get_by_label("Control id, name, number").fill("ct17")
    page.keyboard.press("Enter")
    page.get_by_role("row").filter(has_text="CT17").get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text("quarantined")
    expect(page.locator("main")).to_contain_text("the sender's `status` can accept it")
    done += 4

    # The group it is of, tried before and after the sender's map is mended.
    page.get_by_role("link", name="Messages").click()
    page.get_by_role("link", name="40 quarantined").click()
    page.get_by_role("link", name="40", exact=True).click()
    page.get_by_role("button", name="Try the chosen").click()
    expect(page.get_by_role("status").first).to_contain_text("40 would stay")
    FILE.write_text("senders:\n  - application: RIS\n    status: {ZZ: final}\n")
    page.get_by_role("button", name="Try the chosen").click()
    expect(page.get_by_role("status").first).to_contain_text("40 would be read")
    page.get_by_role("button", name="Replay the chosen").click()
    done += 7
    expect(page.locator("main")).to_contain_text("0 of 40 read")
    work(engine, None, *load_senders(FILE, {}))
    expect(page.locator("main")).to_contain_text("40 of 40 read")

    # The path of one report, to be sent to a colleague: an address, and a text for the ticket.
    page.locator("main").get_by_role("link", name="trace", exact=True).first.click()
    expect(page.locator("svg.lanes")).to_be_visible()
    expect(page.locator("#ticket")).to_contain_text("version 1 of report")
    assert "TESTCASE" not in page.locator("#ticket").inner_text()
    assert "/trace?id=message/" in page.url
    done += 1
    assert done < MOST
