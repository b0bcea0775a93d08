"""What the charts count: by time, site, finding, engine and model."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, update

from integration.canonical import Engine as Reader
from services.store.tables import review, suggestion
from services.web.views.charting import CHARTS
from tests import seeding
from tests.seeding import Exam

OLD = Reader(name="house", version="1.2", model="house-70b", catalogue="chest_xray", catalogue_version="1")
NEW = OLD.model_copy(update={"model": "house-70b-2"})


@pytest.fixture
def signed(reviewer: TestClient, engine: Engine) -> TestClient:
    """Three signed reports: of the rules, and of one engine with two models; a fourth at another site."""
    exams = (Exam(says=seeding.THREE), Exam(says=(seeding.HEART,), engine=OLD), Exam(says=(seeding.HEART,), engine=NEW))
    with engine.begin() as connection:
        for exam in (*exams, Exam(says=(seeding.PNEUMONIA,), site="north", engine=NEW)):
            seeding.put(connection, exam)
        connection.execute(update(suggestion).values(state="approved", decided_at=func.now()))
        connection.execute(update(review).values(state="signed", opened_at=func.now(), signed_at=func.now()))
    return reviewer


def decided(client: TestClient, query: str) -> dict[str, int]:
    """Suggestions decided, by finding, under a filter."""
    answer = client.get(f"/charts/outcomes.csv?{query}")
    assert answer.status_code == 200
    return {row["finding"]: int(row["decided"]) for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))}


def test_an_engine_is_not_its_model_and_each_can_be_chosen(signed: TestClient) -> None:
    assert decided(signed, "")["Cardiomegaly"] == 3
    assert decided(signed, "engine=house") == {"Cardiomegaly": 2}
    assert decided(signed, "model=house-70b") == {"Cardiomegaly": 1}
    assert decided(signed, "engine=rules&model=house-70b") == {}
    assert sum(decided(signed, "engine=rules&model=1").values()) == 3


def test_the_page_offers_the_models_under_their_engines(signed: TestClient) -> None:
    page = signed.get("/charts?model=house-70b-2").text
    house, rules = page.index('<optgroup label="house">'), page.index('<optgroup label="rules">')
    assert house < page.index('<option value="house-70b">') < rules < page.index("version 1</option>")
    assert '<option value="house-70b-2" selected>' in page
    assert "model=house-70b-2" in page[page.index("/charts/queue.csv") :][:200]


def test_charts_are_of_ones_own_site_whatever_is_asked_for(signed: TestClient) -> None:
    assert decided(signed, "site=north") == decided(signed, "")
    assert "Pneumonia" in decided(signed, "site=default")
    assert "north" not in signed.get("/charts?site=north").text


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_every_chart_is_a_table_under_every_filter(signed: TestClient, name: str) -> None:
    query = "days=7&finding=cardiomegaly&engine=house&model=house-70b"
    rows = list(csv.reader(io.StringIO(signed.get(f"/charts/{name}.csv?{query}").text)))
    figures = signed.get(f"/api/v1/charts/{name}?{query}").json()
    assert rows[0][-1] == figures["columns"][-1]
    assert [row[-1] for row in rows[1:]] == [row[-1] for row in figures["rows"]]
