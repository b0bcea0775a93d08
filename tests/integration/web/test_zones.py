"""Times in the reader's zone: chosen by page or API, shown and searched by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from services.store.tables import account, audit
from tests import seeding
from tests.integration.web.conftest import ALL_ROLES

LATE = datetime(2026, 1, 31, 22, 30, 5, tzinfo=UTC)  # in Auckland (UTC+13) the first of February, 11:30:05


@pytest.fixture
def late(reviewer: TestClient, engine: Engine) -> TestClient:
    """The reviewer, with every role, and one row of the trail late in January."""
    with engine.begin() as connection:
        seeding.put(connection)
        connection.execute(update(account).values(roles=list(ALL_ROLES)))
    # The trail refuses changes: the row is written as of then.
    with engine.begin() as connection:
        row = {"site_id": "default", "actor": "system", "action": "login", "detail": {}, "at": LATE}
        connection.execute(audit.insert().values(**row))
    return reviewer


def choose(client: TestClient, zone: str) -> int:
    return client.post("/preferences", data={"theme": "dark", "timezone": zone}).status_code


def test_the_reader_s_zone_is_shown_once_and_searched_by(late: TestClient) -> None:
    assert ">UTC</span>" in late.get("/audit").text
    assert "2026-01-31 22:30:05<" in late.get("/audit?since=2026-01-31&until=2026-01-31").text
    assert choose(late, "Pacific/Auckland") == 303
    page = late.get("/audit?since=2026-02-01&until=2026-02-01").text
    assert page.count("Pacific/Auckland") == 1
    assert "2026-02-01 11:30:05<" in page
    assert "2026-02-01 11:30:05" not in late.get("/audit?since=2026-01-31&until=2026-01-31").text
    # Programs are told in UTC, whatever the pages of the same person say.
    listed = late.get("/api/v1/audit").json()["items"]
    assert "2026-01-31T22:30:05Z" in [each["at"] for each in listed]
    assert late.get("/api/v1/preferences").json()["timezone"] == "Pacific/Auckland"
    assert "Pacific/Auckland" in late.get("/reports/1/print").text


@pytest.mark.parametrize("zone", ["Berlin", "../etc/passwd", "Europe/Nowhere"])
def test_a_zone_there_is_not_is_refused_and_changes_nothing(late: TestClient, zone: str) -> None:
    answer = late.post("/preferences", data={"theme": "dark", "timezone": zone})
    assert answer.status_code == 422
    assert "write it as Europe/Berlin" in answer.text
    assert late.put("/api/v1/preferences", json={"timezone": zone}).status_code == 422
    assert late.get("/api/v1/preferences").json()["timezone"] == ""
