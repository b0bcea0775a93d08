"""Sign held until the model has answered: an answer, a failure, the deadline or a STAT signer's word frees it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, func, select, update

from integration.canonical import Priority
from services.domain.words import ReadingState
from services.settings import Reading, Settings
from services.store import readings
from services.store.tables import audit, report_version
from services.web.app import create_app
from services.workflow.signing import Terms
from tests import seeding
from tests.integration.web.conftest import MakePerson, look
from tests.integration.web.test_reviewing import TARGETS, Reviewing, decide_all, refused
from tests.seeding import Exam

TEN_MINUTES = Terms(TARGETS, wait_for_model=10)
PENDING = "not_read:pending"


def at(connection: Connection, person: MakePerson, **exam: Any) -> Reviewing:
    """Ada, with everything decided of a report that the model has not answered about."""
    reviewing = Reviewing(connection, person("Ada"), seeding.put(connection, Exam(reading_state="pending", **exam)))
    reviewing.claim()
    decide_all(reviewing)
    return reviewing


def arrived(connection: Connection, minutes: float) -> None:
    """All versions came so long ago."""
    connection.execute(
        update(report_version).values(created_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 0, minutes * 60))
    )


def signature(connection: Connection) -> dict[str, Any]:
    """What the trail says of the newest signature."""
    rows = connection.execute(select(audit.c.detail).where(audit.c.action == "review.sign").order_by(audit.c.id.desc()))
    return dict(rows.scalars().first() or {})


def test_sign_waits_for_the_model_and_says_how_long(connection: Connection, person: MakePerson) -> None:
    ada = at(connection, person)
    arrived(connection, 7.5)
    with refused("waiting") as told:
        ada.sign(None, TEN_MINUTES, PENDING)
    assert re.match(r"Sign waits for the model, 2 min (30|29) s more at most", told.value.message)
    assert ada.row().signature_at is None
    assert not ada.deliveries()


@pytest.mark.parametrize("state", [state for state in ReadingState if state is not ReadingState.PENDING])
def test_an_answer_or_a_failure_releases_it(connection: Connection, person: MakePerson, state: ReadingState) -> None:
    ada = at(connection, person)
    readings.set_state(connection, ada.row().version_id, state)
    ada.sign(None, TEN_MINUTES, f"not_read:{state}")
    assert ada.row().state == "signed"


def test_the_deadline_releases_it_counted_from_the_versions_arrival(connection: Connection, person: MakePerson) -> None:
    ada = at(connection, person)
    arrived(connection, 10.1)
    with refused("contradiction"):
        ada.sign(None, TEN_MINUTES)
    ada.sign(None, TEN_MINUTES, PENDING)
    assert "without_model" not in signature(connection)


def test_a_stat_report_is_signed_before_with_a_second_word_that_is_recorded(
    connection: Connection, person: MakePerson
) -> None:
    ada = at(connection, person, priority=Priority.STAT)
    with refused("contradiction"):
        ada.sign(None, TEN_MINUTES)
    ada.sign(None, TEN_MINUTES, PENDING)
    assert signature(connection)["without_model"] is True
    assert PENDING in signature(connection)["acknowledged"]


def test_a_site_that_does_not_wait_asks_for_a_second_word_only(connection: Connection, person: MakePerson) -> None:
    ada = at(connection, person)
    ada.sign(None, Terms(TARGETS), PENDING)
    assert "without_model" not in signature(connection)


@pytest.fixture
def holding(settings: Settings, engine: Engine) -> Any:
    """The pages of a house that waits ten minutes, with one report of which the model has said nothing yet."""
    with engine.begin() as connection:
        seeding.put(connection, Exam(text=seeding.NORMAL, says=(), reading_state="pending"))
    waits = settings.model_copy(update={"reading": Reading(wait_for_model=10)})
    with TestClient(create_app(waits), follow_redirects=False) as client:
        client.post("/login/demo")
        client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
        yield client


def test_page_and_api_say_it_in_words(holding: TestClient) -> None:
    page = look(holding)
    assert re.search(r'data-waits="(5\d\d\.|600)', page)
    assert re.search("Sign waits for the model, (9 min|10 min 00 s)", page)
    button = re.search(r"<button[^>]*data-command=\"sign\"[^>]*>", page)
    assert button and "disabled" in button[0]
    review = holding.post("/api/v1/reviews/1/claim", json={}).json()
    assert 590 < review["waits_for_model"] <= 600
    said = {"revision": review["revision"], "acknowledged": ["nothing_to_report", PENDING]}
    answer = holding.post("/api/v1/reviews/1/sign", json=said)
    assert (answer.status_code, answer.json()["title"]) == (409, "waiting")
    assert answer.json()["detail"].startswith("Sign waits for the model, ")


def test_the_page_lets_go_when_the_wait_is_over(holding: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        arrived(connection, 11)
    page = look(holding)
    assert "Sign waits" not in page
    button = re.search(r"<button[^>]*data-command=\"sign\"[^>]*>", page)
    assert button and "disabled" not in button[0]
