"""People and reports for tests of reviews."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from services.domain.people import Person
from services.settings import Database, Settings, Worklist
from services.store import people
from services.web.app import create_app
from services.workflow.review import Act

ALL_ROLES = ("reviewer", "signer", "operator", "auditor", "administrator")
MakePerson = Callable[..., Person]


@pytest.fixture
def person(engine: Engine) -> MakePerson:
    """Makes a person; by default one who may do everything."""

    def make(name: str = "Ada", roles: tuple[str, ...] = ALL_ROLES, practitioner: str = "Practitioner/ada") -> Person:
        with engine.begin() as connection:
            row = people.put_account(
                connection,
                site="default",
                issuer="urn:test",
                subject=name,
                name=name,
                roles=roles,
                practitioner=practitioner,
            )
        return row.person

    return make


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with engine.connect() as connection:
        yield connection


def act(person: Person, review_id: int, revision: int) -> Act:
    """A person's act on a review at a revision."""
    return Act(person, review_id, revision, claim=300)


@pytest.fixture
def settings(database: Database) -> Settings:
    """A worklist with the demo login, where a report is signed as soon as it was seen, and at once for good."""
    return Settings(
        database=database, worklist=Worklist(demo_login=True, public_url="http://testserver", settle=0, undo=0)
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """A browser without a session; it follows no redirects."""
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield client


@pytest.fixture
def reviewer(client: TestClient) -> TestClient:
    """The demo reviewer, logged in, sending the token as the pages do."""
    client.post("/login/demo")
    client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
    return client


def look(client: TestClient, number: int = 1, suggestion_id: int | None = None) -> str:
    """A report on a reviewer's screen, to its end: the page, and what it says once it has loaded."""
    page = client.get(f"/reports/{number}").text
    shown = re.search(r'data-current="(\d+)"', page)
    current = suggestion_id or (shown and shown[1])
    answer = client.post(
        f"/reviews/{number}/opened", data={"seen": "end", **({"suggestion_id": current} if current else {})}
    )
    assert answer.status_code == 204, answer.text
    return page


def seen_to_its_end(api: TestClient, number: int = 1) -> Any:
    """The same for a program; what the API says of the report."""
    api.post(f"/api/v1/reviews/{number}/claim", json={})
    return api.post(f"/api/v1/reviews/{number}/seen", json={"shown": True, "end": True}).json()
