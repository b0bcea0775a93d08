"""People with a browser at the identity provider of compose.yaml's profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS


def who_they_are(worklist: str, logins: Sequence[str], password: str) -> dict[str, dict[str, Any]]:
    """What the worklist calls each of them once they have logged in at the provider's own page."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = {login: _logged_in(chromium, worklist, login, password) for login in logins}
        chromium.close()
    return found


def _logged_in(chromium: Browser, worklist: str, login: str, password: str) -> dict[str, Any]:
    """`GET /api/v1/me` of somebody who came by the button of the login page."""
    context = chromium.new_context()
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(f"{worklist}/login")
    page.get_by_role("link", name="Continue with your hospital account").click()
    page.locator("#username").fill(login)
    page.locator("#password").fill(password)
    page.locator("#kc-login").click()
    page.wait_for_url(f"{worklist}/**")
    said = dict(page.request.get(f"{worklist}/api/v1/me").json())
    context.close()
    return said
