"""A logout that goes on to the identity provider, in a browser: our own rules for forms must not hold it back."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from services.settings import Database
from tests.ehr import SECRET, running
from tests.worklist_process import Worklist


def test_the_next_person_at_the_computer_is_asked_who_they_are(browser: Browser, database: Database) -> None:
    worklist = Worklist(database)
    with running({}, worklist.url) as provider:
        worklist.extra |= {
            "COUNTERSIGN_WORKLIST__PUBLIC_URL": worklist.url,
            "COUNTERSIGN_WORKLIST__OIDC__ISSUER": provider.issuer,
            "COUNTERSIGN_WORKLIST__OIDC__CLIENT_ID": "client_secret_basic-app",
            "COUNTERSIGN_WORKLIST__OIDC__CLIENT_SECRET": SECRET,
            "COUNTERSIGN_WORKLIST__OIDC__LOGOUT": "true",
        }
        worklist.start()
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{worklist.url}/login/oidc")
        expect(page).to_have_url(f"{worklist.url}/worklist")
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page).to_have_url(f"{worklist.url}/login")
        assert not [each for each in context.cookies() if each["name"] in ("countersign", "_session")]
        context.close()
        worklist.stop()
