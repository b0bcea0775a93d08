"""One finding in several reports: only where nothing asks for a second look, counted, confirmed, undone."""

from __future__ import annotations

from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from services.store.tables import draft, opening, review
from tests import seeding
from tests.seeding import Exam, Said

QUIET = Exam(says=(seeding.HEART,))
DOUBTFUL = Exam(says=(seeding.HEART, Said("pneumonia", "Right lower lobe pneumonia", conflict=True)))

CALM = Exam(says=(seeding.HEART, Said("pneumothorax", "Small right", calm="unchanged")))


def put(engine: Engine, *exams: Exam) -> None:
    with engine.begin() as connection:
        for exam in exams:
            seeding.put(connection, exam)


def count(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_reports_that_ask_for_a_second_look_are_not_offered(reviewer: TestClient, engine: Engine) -> None:
    put(engine, QUIET, DOUBTFUL, CALM, QUIET)
    page = reviewer.get("/bulk?finding=cardiomegaly").text
    assert page.count('name="chosen"') == 2
    assert "checked" not in page


def test_approving_makes_drafts_that_can_be_undone_and_signs_nothing(reviewer: TestClient, engine: Engine) -> None:
    put(engine, QUIET, QUIET, QUIET)
    chosen = {"finding": "cardiomegaly", "chosen": ["1", "3"]}
    assert "Approve in 2 reports" in reviewer.post("/bulk/confirm", data=chosen).text
    assert count(engine, draft) == 0
    assert "Approved in 2 reports" in reviewer.post("/bulk/approve", data=chosen).text
    assert count(engine, draft) == count(engine, opening) == 2
    with engine.connect() as connection:
        assert set(connection.execute(select(review.c.state)).scalars()) == {"open"}
    undone = reviewer.post("/bulk/undo", data={"finding": "cardiomegaly", "drafts": ["1", "2"]})
    assert "2 drafts were taken back" in undone.text
    assert count(engine, draft) == 0


def test_what_is_not_offered_cannot_be_approved_by_number(reviewer: TestClient, engine: Engine) -> None:
    put(engine, DOUBTFUL)
    reviewer.post("/bulk/approve", data={"finding": "cardiomegaly", "chosen": ["1"]})
    assert count(engine, draft) == 0
