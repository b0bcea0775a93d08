"""What went wrong is told without what was entered: no error, page or log line repeats a patient's name."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from services.settings import Database
from tests.worklist_process import Worklist

CANARY = "CANARYBIRD"
HTMX = {"HX-Request": "true"}
Ask = Callable[[TestClient], httpx2.Response]
WRONG: dict[str, Ask] = {
    "a page that is not there": lambda client: client.get(f"/{CANARY}"),
    "a number that is none": lambda client: client.get(f"/reviews/{CANARY}"),
    "a parameter out of bounds": lambda client: client.get("/jobs", params={"state": CANARY * 30}),
    "a form without its token": lambda client: client.post("/jobs/1/retry", data={"reason": CANARY}),
    "a field of the API": lambda client: client.get(f"/api/v1/reports/{CANARY}"),
    "a body that is no JSON": lambda client: client.post("/api/v1/reviews/1/sign", content=f"{{{CANARY}"),
    "an htmx request": lambda client: client.get(f"/reviews/{CANARY}", headers=HTMX),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_error_repeats_nothing_of_what_was_asked(reviewer: TestClient, wrong: str) -> None:
    if wrong == "a form without its token":
        del reviewer.headers["X-CSRF-Token"]
    answer = WRONG[wrong](reviewer)
    assert 400 <= answer.status_code < 500
    assert CANARY not in answer.text.upper()


def test_a_defect_shows_neither_the_query_nor_its_values(
    database: Database, engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    """The search runs into a table that is gone: the driver's own words quote what was searched for."""
    worklist = Worklist(database)
    worklist.start()
    with httpx2.Client(base_url=worklist.url, follow_redirects=True, timeout=30) as browser:
        browser.post("/login/demo")
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE review RENAME TO elsewhere"))
        answer = browser.get("/worklist", params={"q": CANARY})
    worklist.stop()
    said = "".join(capfd.readouterr())
    assert answer.status_code == 500
    assert CANARY not in answer.text.upper()
    assert '"event": "library"' in said
    assert CANARY not in said.upper()
