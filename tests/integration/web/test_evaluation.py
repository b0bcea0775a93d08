"""The evaluation's pages: what they show, as CSV too, to whom, and that a reviewer never meets the shadow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from services.evaluation.dataset import load
from services.evaluation.training import seed
from services.reading.catalogue import load as load_library
from services.settings import Database, Reading, Settings, Worklist
from services.store import purpose
from services.store.tables import account, audit
from services.telemetry.metrics import DRIFT_ALARM
from services.web.app import create_app
from services.web.drift_metrics import look, show
from tests.decided import Decided, put

PAGES = ("reviewers", "drift", "agreement", "shadow")


@pytest.fixture
def decided(engine: Engine) -> None:
    with engine.begin() as connection:
        put(connection, Decided(second="present", shadow="present", confidence=1.0))
        put(connection, Decided(state="edited", status="uncertain", second="uncertain", shadow="uncertain"))


def everybody(engine: Engine, *roles: str) -> None:
    """The demo reviewer has these roles too."""
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=["reviewer", "signer", *roles]))


@pytest.mark.usefixtures("decided")
def test_every_page_shows_its_figures(reviewer: TestClient, engine: Engine) -> None:
    everybody(engine, "administrator")
    said = {name: reviewer.get(f"/evaluation/{name}").text for name in PAGES}
    assert "50 %" in said["reviewers"] and "present" in said["reviewers"]
    assert "kappa" in said["reviewers"]
    assert "override" in said["drift"]
    assert "No curve is in use" in said["agreement"]
    assert "second-house" in said["shadow"] and "COUNTERSIGN_READING__SHADOW" in said["shadow"]
    assert reviewer.get("/evaluation").headers["location"] == "/evaluation/reviewers"


@pytest.mark.usefixtures("decided")
def test_a_table_is_a_csv_too_and_the_trail_knows(reviewer: TestClient, engine: Engine) -> None:
    answer = reviewer.get("/evaluation/reviewers/decisions.csv?by=finding,engine,model")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.lstrip("\ufeff").splitlines() == [
        "finding,engine,model,decided,approved,acceptance,95 % interval,overridden,by hand,s per finding",
        "Pneumonia,house,house-70b,2,1,50 %,9–91 %,1,0,–",
    ]
    with engine.connect() as connection:
        assert (
            connection.scalar(select(audit.c.entity).where(audit.c.action == "export"))
            == "evaluation/reviewers/decisions"
        )


@pytest.mark.parametrize("address", ["/evaluation/nothing", "/evaluation/training", "/evaluation/drift/nothing.csv"])
def test_what_is_no_page_is_not_found(reviewer: TestClient, address: str) -> None:
    assert reviewer.get(address).status_code == 404


def test_without_a_session_there_is_nothing_to_see(client: TestClient) -> None:
    assert client.get("/evaluation/reviewers").status_code == 303


@pytest.mark.usefixtures("decided")
def test_reviewers_never_meet_the_shadow(reviewer: TestClient, engine: Engine) -> None:
    everybody(engine)
    assert reviewer.get("/evaluation/shadow").status_code == 404
    pages = (
        "/worklist?show=all", "/worklist.csv", "/reports/1", "/reports/1/print", "/reports/1/fhir", "/charts",
        "/evaluation/reviewers", "/fhir/Observation", "/fhir/Device", "/api/v1/reviews/1",
    )  # fmt: skip
    for page in pages:
        answer = reviewer.get(page)
        assert "second-house" not in answer.text and "SHADOW-REASONING" not in answer.text, page
        assert answer.status_code in (200, 404), page


@pytest.fixture
def training(engine: Engine, database: Database) -> Iterator[TestClient]:
    settings = Settings(
        database=database,
        training=True,
        reading=Reading(),
        worklist=Worklist(demo_login=True, public_url="http://testserver"),
    )
    with engine.begin() as connection:
        purpose.claim(connection, training=True)
        seed(connection, load("dev")[:3], load_library(), settings, wrong=1, start=1)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        client.post("/login/demo")
        client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
        yield client


def test_the_banner_of_training_stands_on_every_page(training: TestClient, engine: Engine) -> None:
    everybody(engine, "administrator")
    addresses = ["/worklist", "/reports/1", "/reports/1/print", "/charts", "/preferences", "/login", "/nowhere"]
    addresses += [f"/evaluation/{name}" for name in (*PAGES, "training")]
    for address in addresses:
        assert "Training instance" in training.get(address).text, address


def test_no_page_of_a_live_instance_has_the_banner(reviewer: TestClient) -> None:
    assert "Training instance" not in reviewer.get("/worklist").text


def test_nothing_of_an_exercise_can_be_read_as_a_record(training: TestClient) -> None:
    assert training.get("/fhir/metadata").status_code == 404
    assert training.get("/fhir/Observation").status_code == 404
    assert training.get("/reports/1/fhir?status=preliminary").status_code == 404


def test_an_alarm_of_drift_is_a_metric(engine: Engine) -> None:
    with engine.begin() as connection:
        for at in range(30):
            put(
                connection,
                Decided(state="rejected" if at < 15 else "approved", reason="negated", days=2 if at < 15 else 15),
            )
        show(look(connection))
    (metric,) = DRIFT_ALARM.collect()
    labels = [sample.labels for sample in metric.samples]
    assert {
        "site": "default",
        "rate": "override",
        "engine": "house",
        "model": "house-70b",
        "finding": "pneumonia",
    } in labels
