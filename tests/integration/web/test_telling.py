"""Who was told of a critical result: asked at Sign, recorded, sent with the Flag, listed where nobody was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, select, update

from integration.canonical import Side
from services.doctor import _told
from services.settings import Settings
from services.store import advisories, outgoing
from services.store.tables import advisory, audit, delivery
from services.workflow import telling
from services.workflow.signing import Terms
from services.workflow.telling import Told
from tests import seeding
from tests.integration.web.conftest import MakePerson, look
from tests.integration.web.test_reviewing import TARGETS, TERMS, Reviewing, decide_all, refused
from tests.seeding import Exam, Said

TEXT = seeding.CHEST.replace("There is no pneumothorax", "There is a left pneumothorax")
QUOTE = {
    "text": "left pneumothorax",
    "start": TEXT.index("left pneumothorax"),
    "end": TEXT.index("left pneumothorax") + 17,
}
AIR = Said("pneumothorax", "left pneumothorax", side=Side.LEFT)
ALARM: dict[str, Any] = {
    "kind": "critical_result", "message": "Critical result: Pneumothorax", "quotes": [QUOTE],
    "detail": {"finding": "pneumothorax", "communicated": "no"},
}  # fmt: skip
EXAM = Exam(text=TEXT, says=(AIR,), advisories=(ALARM,))


@pytest.fixture
def ada(connection: Connection, person: MakePerson) -> Reviewing:
    """A reviewer with a critical result of which the report does not say who was told."""
    reviewing = Reviewing(connection, person(), seeding.put(connection, EXAM))
    reviewing.claim()
    decide_all(reviewing)
    return reviewing


def told(person: str = "Ward 3, Sister Ann", means: str = "phone", minutes: float = 5) -> Told:
    return Told(person, datetime.now(UTC) - timedelta(minutes=minutes), means, read_back=True)


def tell(ada: Reviewing, said: Told | None = None) -> None:
    telling.tell(ada.connection, ada.act(), said or told(), TERMS.destinations)


def test_sign_asks_who_was_told_and_takes_no_for_an_answer_by_a_second_word(ada: Reviewing) -> None:
    with refused("contradiction"):
        ada.sign()
    ada.sign(None, TERMS, "untold")
    ada.connection.execute(update(advisory).values(signed_at=datetime.now(UTC) - timedelta(hours=2)))
    assert advisories.untold(ada.connection, 3600) == 1
    assert advisories.untold(ada.connection, 4 * 3600) == 0
    finding = _told(1, Settings())
    assert not finding.well
    assert "1 signed more than 60 min ago" in finding.says


def test_the_list_says_of_whom_nobody_was_told_and_what_is_overdue(
    reviewer: TestClient, engine: Engine, person: MakePerson
) -> None:
    signer = person()
    with engine.begin() as connection:
        number = seeding.put(connection, EXAM)
        reviewing = Reviewing(connection, signer, number)
        reviewing.claim()
        decide_all(reviewing)
        reviewing.sign(None, TERMS, "untold")
    for minutes, said in ((10, "nobody told</b>"), (61, "nobody told, 1 h 01 over 1 h</b>"), (180, "3 h over 1 h</b>")):
        with engine.begin() as connection:
            connection.execute(update(advisory).values(signed_at=datetime.now(UTC) - timedelta(minutes=minutes)))
        for address in ("/worklist?flag=untold", "/worklist?show=signed"):
            assert said in reviewer.get(address).text
    with engine.begin() as connection:
        telling.tell(connection, Reviewing(connection, signer, number).act(), told(), TERMS.destinations)
    assert "over 1 h</b>" not in reviewer.get("/worklist?show=signed").text
    assert "No report fits" in reviewer.get("/worklist?flag=untold").text


def test_once_somebody_was_told_sign_asks_nothing_and_the_flag_says_whom(ada: Reviewing) -> None:
    tell(ada)
    ada.sign()
    [row] = outgoing.advisories(ada.connection, [ada.row().version_id])[ada.row().version_id]
    assert [(each["person"], each["means"], each["read_back"]) for each in row.told] == [
        ("Ward 3, Sister Ann", "phone", True)
    ]
    assert advisories.untold(ada.connection, -1) == 0


def test_who_is_told_after_sign_is_sent_again(ada: Reviewing) -> None:
    ada.sign(None, TERMS, "untold")
    tell(ada)
    query = select(delivery.c.kind).order_by(delivery.c.id)
    assert list(ada.connection.execute(query).scalars()) == [*(each.kind for each in TARGETS), "signed"]
    assert advisories.untold(ada.connection, -1) == 0
    with refused("closed"):
        telling.forget(ada.connection, ada.act())


def test_before_sign_it_can_be_taken_back(ada: Reviewing) -> None:
    tell(ada)
    telling.forget(ada.connection, ada.act())
    with refused("contradiction"):
        ada.sign()
    actions = list(ada.connection.execute(select(audit.c.action, audit.c.detail).order_by(audit.c.id)))
    assert [row.action for row in actions[-2:]] == ["review.told", "review.told_undone"]
    assert "Sister Ann" not in str(actions)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (told(person=" "), "value"),
        (told(means="pigeon"), "value"),
        # Made when the tests are collected: far enough ahead for the slowest run.
        (told(minutes=-60 * 24), "value"),
        (told(minutes=60 * 24 * 31), "value"),
    ],
)
def test_what_says_nothing_is_refused(ada: Reviewing, said: Told, code: str) -> None:
    with refused(code):
        tell(ada, said)


@pytest.mark.parametrize(
    "exam",
    [
        Exam(text=TEXT, says=(AIR,), advisories=({**ALARM, "detail": {"communicated": "yes"}},)),
        Exam(text=TEXT, says=(AIR,)),
    ],
)
def test_where_the_report_says_it_or_nothing_is_critical_nobody_is_asked(
    connection: Connection, person: MakePerson, exam: Exam
) -> None:
    reviewing = Reviewing(connection, person(), seeding.put(connection, exam))
    reviewing.claim()
    decide_all(reviewing)
    reviewing.sign()
    assert advisories.untold(connection, -1) == 0


def test_a_result_that_is_rejected_is_nothing_to_tell(connection: Connection, person: MakePerson) -> None:
    reviewing = Reviewing(connection, person(), seeding.put(connection, EXAM))
    reviewing.claim()
    reviewing.decide("pneumothorax", "reject", reason="negated")
    reviewing.sign()
    assert advisories.untold(connection, -1) == 0


def test_whoever_was_told_before_a_correction_was_told(ada: Reviewing) -> None:
    tell(ada)
    version = seeding.correct(ada.connection, ada.row().report_id, Exam(text=TEXT + "Addendum.", says=(AIR,)))
    ada.connection.execute(
        update(seeding.analysis).where(seeding.analysis.c.version_id == version).values(advisories=[ALARM])
    )
    ada.open("pneumothorax")
    ada.sign(None, Terms(TARGETS))
    assert advisories.untold(ada.connection, -1) == 0
    [row] = outgoing.advisories(ada.connection, [version])[version]
    assert row.told[0]["person"] == "Ward 3, Sister Ann"


def test_the_list_finds_those_nobody_was_told_of(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        for exam in (EXAM, Exam()):
            seeding.put(connection, exam)
    page = look(reviewer)
    assert "Who was told?" in page
    answer = reviewer.post(
        "/reviews/1/told", data={"person": "Dr Ito", "at": "soon", "means": "phone"}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, answer.text) == (422, "Give day and time as 2026-01-31T23:59.")
    with engine.begin() as connection:
        connection.execute(
            update(seeding.review)
            .where(seeding.review.c.report_id == 1)
            .values(state="signed", signed_at=datetime.now(UTC))
        )
        values = {"site_id": "default", "report_id": 1, "version_id": 1, "identifier": "a", "kind": "critical_result"}
        advisories.sign(connection, **values, record=ALARM, signed_by="Practitioner/ada")
    found = reviewer.get("/worklist?flag=untold").text
    assert found.count("data-row=") == 1
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    reviewer.post("/reviews/1/told", data={"person": "Dr Ito", "at": at, "means": "phone"})
    assert "Dr Ito" in reviewer.get("/reports/1").text
