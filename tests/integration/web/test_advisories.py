"""Remarks on a report, as a reviewer decides whether Sign sends them."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from services.store.tables import advisory, audit
from tests import seeding

FOLLOW_UP = {
    "kind": "follow_up",
    "message": "Follow-up: CT 3 months",
    "quotes": [],
    "detail": {"modality": "CT", "interval": "3 months"},
}
SCORE = {"kind": "score", "message": "BI-RADS 4", "quotes": [], "detail": {"scale": "BI-RADS", "value": "4"}}
FORM = re.compile(r'name="identifier" value="([0-9a-f]{64})"><input type="hidden" name="left_out" value="(\w+)"')


def offered(page: str) -> list[tuple[str, str]]:
    """(identifier, what the button would make of it) of each remark that can leave."""
    return FORM.findall(page)


def test_a_follow_up_can_be_left_out_and_put_back_and_a_score_never_leaves(
    reviewer: TestClient, engine: Engine
) -> None:
    with engine.begin() as connection:
        number = seeding.put(connection, seeding.Exam(advisories=(FOLLOW_UP, SCORE)))
    ((name, out),) = offered(reviewer.get(f"/reports/{number}").text)
    assert out == "true"
    page = reviewer.post("/reviews/1/advisory", data={"identifier": name, "left_out": "true"}).text
    assert "not sent" in page
    assert offered(page) == [(name, "false")]
    page = reviewer.post("/reviews/1/advisory", data={"identifier": name, "left_out": "false"}).text
    assert "not sent" not in page
    with engine.connect() as connection:
        assert connection.execute(select(advisory.c.state, advisory.c.left_out)).all() == [("open", False)]
        said = connection.execute(select(audit.c.action).where(audit.c.action.startswith("advisory."))).scalars()
        assert list(said) == ["advisory.leave_out", "advisory.put_back"]


def test_a_remark_that_is_not_on_the_report_is_refused(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        number = seeding.put(connection)
    reviewer.get(f"/reports/{number}")
    answer = reviewer.post("/reviews/1/advisory", data={"identifier": "0" * 64, "left_out": "true"})
    assert answer.status_code == 409
    assert "a correction has changed it" in answer.text
